// Runs before a control plane: the memory of its brokers keeps wills in a folder, as one in a database would. From SIGUSR2 on,
// those that a former run left are there for the broker's own sweep, which comes twice a second.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Aedes, type AedesOptions } from "aedes";
import memory from "aedes-persistence";

/** The sweep is at every fourth. */
const HEARTBEAT = 125;
const GONE = "a broker that is gone";

interface Will {
  readonly clientId: string;
  readonly brokerId: string;
  readonly topic: string;
  readonly payload: Buffer;
}

const folder = process.env["EDGEMERE_FAULT_WILLS"] ?? "";
mkdirSync(folder, { recursive: true });
const former = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Will);
const left = new Map<string, Will>();
let swept = 0;
process.on("SIGUSR2", () => {
  for (const will of former) left.set(will.clientId, { ...will, brokerId: GONE, payload: Buffer.from(will.payload) });
});

const createBroker = Aedes.createBroker.bind(Aedes);
Aedes.createBroker = (options?: AedesOptions) => createBroker({ ...options, heartbeatInterval: HEARTBEAT });

const made = (memory as unknown as () => object)(); // its types are those of a class
const methods = Object.getPrototypeOf(made) as Record<string, (this: unknown, ...given: never[]) => unknown>;
const { putWill, delWill } = methods;
methods["putWill"] = async function (client: { readonly id: string }, will: object) {
  await putWill?.call(this, client as never, will as never);
  writeFileSync(join(folder, client.id), JSON.stringify(will));
};
methods["delWill"] = async function ({ id, brokerId }: { readonly id: string; readonly brokerId?: string }) {
  if (brokerId !== GONE) {
    rmSync(join(folder, id), { force: true });
    await delWill?.call(this, { id, brokerId } as never);
  } else {
    if (left.delete(id)) swept += 1;
    if (left.size === 0) writeSync(2, `swept ${swept} wills of a broker that is gone\n`);
  }
};
methods["streamWill"] = () => left.values();
