import { join } from "node:path";
import type { Identity } from "@edgemere/agent";
import { Program } from "../../world/program.ts";
import { startWorld, type World } from "../../world/world.ts";
import { enrolled } from "../identities.ts";
import { useOf } from "../process-use.ts";
import { figure, quantile, ratio, spread } from "../statistics.ts";
import type { Table } from "../table.ts";
import { Opened } from "../telemetry/opened.ts";
import { AnsweringDevice } from "./answering-device.ts";

const AT_ONCE = 20;
const LOOKED_EVERY = 100;
/** Of a signed ping on the wire. */
const COMMAND_BYTES = 420;
const SHARE = 0.99;

/** Devices. */
const TOLD_EVERY = 1_000;

/** How far it is, for whoever waits for minutes. */
const told = (what: string): void => console.error(`${Math.round(process.uptime())} s: ${what}`);

interface Round {
  /** Milliseconds until this share of the devices had heard it, and until that of their answers were there. */
  readonly heard: number;
  readonly answered: number;
  /** Milliseconds of CPU, and MiB in memory afterwards. */
  readonly cpu: number;
  readonly resident: number;
}

interface Size {
  readonly devices: number;
  readonly rounds: number;
}

/** The same ping for many connected devices: by a rollout, which remembers every step of each; by a bare broker, which remembers nothing. */
export async function fanOut({ devices: count, rounds }: Size): Promise<Table> {
  await using world = await startWorld();
  told(`enrolling ${count} devices`);
  const identities = await enrolled(world, { to: count });
  const ours = await measured(identities, world.controlPlane.ready.ports.mqtt, rounds, {
    isBare: false,
    pid: world.controlPlane.pid,
    prepare: () => planned(world, count),
  });
  await using bare = new Program({
    script: "test/dist/bench/bare-broker.js",
    args: [join(world.controlPlane.dataFolder, "authority")],
  });
  const { port } = await bare.message<{ port: number }>("ready");
  const devices = identities.map(({ device }) => device);
  const enough = Math.ceil(count * SHARE);
  const peers = await measured(identities, port, rounds, {
    isBare: true,
    pid: bare.pid,
    prepare: async () => () => {
      const answered = bare.message("answered");
      bare.send({ devices, bytes: COMMAND_BYTES, enough });
      return answered;
    },
  });
  const rows = [
    ["control plane, a rollout", ours],
    ["bare aedes", peers],
  ] as const;
  const cpuOf = (of: readonly Round[]) => of.map(({ cpu }) => (cpu * 1_000) / count);
  return {
    title: `commands: ${count.toLocaleString("en")} connected devices get a ping and answer`,
    columns: ["", "99 % heard s", "99 % answered s", "CPU µs/device", "CPU to bare", "memory MiB"],
    rows: rows.map(([name, of]) => [
      name,
      spread(of.map(({ heard }) => heard / 1_000)),
      spread(of.map(({ answered }) => answered / 1_000)),
      spread(cpuOf(of)),
      of === ours ? ratio(cpuOf(ours), cpuOf(peers)) : "",
      figure(
        quantile(
          of.map(({ resident }) => resident),
          0.5,
        ),
      ),
    ]),
    notes: [
      `Median (least..most) of ${rounds} rounds. The rollout is planned before; from applying it on a target, a job, a command with its number and its signature, three moves of each and the signed ` +
        "result are on the disk, in order; it is answered when the rollout says so. The devices share the machine, and their waiting is in the times.",
    ],
  };
}

interface Side {
  readonly isBare: boolean;
  readonly pid: number;
  /** Gives what begins it; that resolves when enough have answered. */
  readonly prepare: () => Promise<() => Promise<unknown>>;
}

async function measured(
  identities: readonly Identity[],
  port: number,
  rounds: number,
  { isBare, pid, prepare }: Side,
): Promise<readonly Round[]> {
  await using open = new Opened();
  const name = isBare ? "bare aedes" : "control plane";
  const devices: AnsweringDevice[] = [];
  for (let first = 0; first < identities.length; first += AT_ONCE) {
    const some = identities.slice(first, first + AT_ONCE);
    const connect = async (each: Identity) => open.use(await AnsweringDevice.connect(each, port, { isBare }));
    devices.push(...(await Promise.all(some.map(connect))));
    if (devices.length % TOLD_EVERY === 0 || devices.length === identities.length)
      told(`${name}: ${devices.length} of ${identities.length} devices are connected`);
  }
  const found: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const send = await prepare();
    const before = await useOf(pid);
    const from = performance.now();
    await send();
    const answered = performance.now() - from;
    const after = await useOf(pid);
    const heard = quantile(
      devices.map(({ heardAt }) => (heardAt >= from ? heardAt - from : Infinity)),
      SHARE,
    );
    found.push({ heard, answered, cpu: after.cpu - before.cpu, resident: after.resident });
    told(`${name}: round ${round + 1} of ${rounds}, 99 % had answered after ${figure(answered / 1_000)} s`);
  }
  return found;
}

async function planned({ client }: World, count: number): Promise<() => Promise<void>> {
  const wish = { selector: 'presence == "online"', kind: "ping", atOnce: 100_000 } as const;
  const { plan } = await client.call("cpl/dm/job/plan", wish);
  return async () => {
    const { id } = await client.call("cpl/dm/job/apply", { plan });
    for (;;) {
      const { waves, state } = await client.call("cpl/dm/rollout/find", { rollout: id });
      if (waves.reduce((sum, each) => sum + each.succeeded, 0) >= count * SHARE) return;
      if (state === "failed" || state === "partial") throw new Error(`the rollout ${state}: ${JSON.stringify(waves)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOKED_EVERY));
    }
  };
}
