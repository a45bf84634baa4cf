import { createCore, type AppContext, type Core, type Database } from "@edgemere/control-plane";
import { devices } from "@edgemere/control-plane/contracts";
import { privateKeyFromSeed } from "@edgemere/protocol";
import { silentLog, systemClock, systemRandom } from "@edgemere/protocol/kit";

type Store = Core<AppContext>["store"];
type Change = Store["commit"] extends (...changes: readonly (infer C)[]) => unknown ? C : never;

/** A store without anything that reacts to it. Closing it closes the database. */
const key = { keyId: "bench", privateKey: privateKeyFromSeed(new Uint8Array(32)) };

export async function bareStore(database: Database): Promise<Store> {
  const { store } = await createCore({
    database,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    features: [],
    context: {},
    signer: { keysFor: () => [key], keyringVersion: 1, keyringsAfter: () => [] },
  });
  return store;
}

export const nameOf = (number: number) => `gateway-${String(number).padStart(5, "0")}`;

/** One in a hundred is at the site "rare". */
export const siteOf = (number: number) => (number % 100 === 0 ? "rare" : `site-${number % 50}`);

/** A change of a device of a fleet, as its row looks after some life. */
export function deviceRow(number: number, version = 1, name = nameOf(number)): Change {
  const row = {
    id: name,
    name,
    state: "active",
    version,
    labels: { site: siteOf(number), role: number % 2 === 0 ? "gateway" : "edge" },
    presence: (number + version) % 3 === 0 ? "offline" : "online",
    presenceAt: 1_767_225_600_000 + version,
    sessionEpoch: version,
    agent: {
      version: "0.1.0",
      bootId: "3d1c8a4e-52f6-4b7e-9d0a-7f1f4c6f2b11",
      capabilities: ["command:ping", "command:inventory.refresh", "command:service.status"],
      lastExitReason: "clean",
      clockOffset: 3,
    },
    inventory: {
      "os.name": "Debian GNU/Linux",
      "os.version": "12",
      "os.kernel": "6.1.0-28-amd64",
      "cpu.model": "Intel(R) Celeron(R) J4125 CPU @ 2.00GHz",
      "cpu.cores": 4,
      "memory.bytes": 8_236_113_920,
      "host.name": name,
    },
    certificate: { serial: "6f3b0a9c14d25e7788aa01b2c3d4e5f6", notAfter: 1_782_777_600_000 },
    machineId: "9f0c5a1e7b3d4c2f8e6a0b1d2c3e4f50",
    messageKey: "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
  };
  const events = [{ type: "device.updated", subject: name }];
  return { writes: [{ table: devices.device, id: name, row, basedOn: undefined, events }], bytes: [], appended: [] };
}
