import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "@edgemere/agent";
import type { AgentConfig } from "@edgemere/agent";
import { commandKinds } from "@edgemere/protocol";
import type { CommandKind } from "@edgemere/protocol";
import { HOUR, nodeDisk, SECOND, silentLog, systemClock, systemRandom } from "@edgemere/protocol/kit";
import type { Log, Random } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { simulatedDevice } from "./device.ts";
import type { SimulatedDevice } from "./device.ts";
import { behaviours } from "./fake-host/behaviours.ts";
import type { BehaviourName } from "./fake-host/behaviours.ts";
import { fakeHost } from "./fake-host/fake-host.ts";
import type { FakeHost } from "./fake-host/fake-host.ts";
import type { FakeProgram } from "./fake-host/programs.ts";
import { inParallel } from "./in-parallel.ts";

// Enrolment costs the control plane a signature each; a whole fleet at once would only queue up there.
const ENROLLING_AT_ONCE = 8;
const RECORDINGS = "/data/recordings";

export interface FleetOptions {
  readonly devices: number;
  /** An enrolment token with a use for each device; says also where the control plane is. Not needed where the data folder knows all devices. */
  readonly token?: string;
  /** Keeps identities and spools, a folder for each device; without it they live in a temporary one as long as the fleet. */
  readonly dataFolder?: string;
  /** What the hosts are like: same seed, same hosts. */
  readonly seed?: number;
  /** Devices are called by this, a dash and a number. */
  readonly prefix?: string;
  readonly behaviour?: BehaviourName | "mixed";
  readonly labels?: Readonly<Record<string, string>>;
  readonly config?: Partial<AgentConfig>;
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  readonly log?: Log;
  /** Told each time another device is enrolled and runs. */
  readonly onStarted?: (device: SimulatedDevice, count: number) => void;
  /** Aborting it ends the starting of a fleet. */
  readonly signal?: AbortSignal;
}

/** Devices that run. Disposing of them stops them with a goodbye. */
export interface Fleet extends AsyncDisposable {
  readonly devices: readonly SimulatedDevice[];
}

/** How the agents of a fleet are set. A fake host may be told to do anything. */
const fleetConfig: AgentConfig = {
  sampleEvery: 10 * SECOND,
  reportEvery: 10 * SECOND,
  inventoryEvery: 6 * HOUR,
  sources: [{ name: "recordings", path: RECORDINGS, tags: { origin: "simulated" } }],
  dataEvery: 30 * SECOND,
  allow: Object.keys(commandKinds) as CommandKind[],
  fileRoots: ["/srv"],
  spool: { maxBytes: 64 * 1024 ** 2 },
};

/** Enrols and starts real agents on fake hosts. When one cannot be enrolled, those already started are stopped and its error is thrown. */
export async function simulateFleet(options: FleetOptions): Promise<Fleet> {
  const folder = await openFolder(options.dataFolder);
  const devices: SimulatedDevice[] = [];
  const dispose = async () => {
    await Promise.all(devices.map((device) => device.stop()));
    await folder[Symbol.asyncDispose]();
  };
  try {
    const hosts = fakeHosts(options);
    await inParallel([...hosts.entries()], ENROLLING_AT_ONCE, async ([index, host]) => {
      options.signal?.throwIfAborted();
      const device = await simulatedDevice({
        env: {
          clock: systemClock,
          random: systemRandom,
          disk: nodeDisk(join(folder.path, host.name)),
          log: options.log ?? silentLog,
        },
        host,
        config: { ...fleetConfig, ...options.config },
        ...(options.token === undefined ? {} : { token: options.token }),
        ...(options.labels === undefined ? {} : { labels: options.labels }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      devices[index] = device;
      await device.start();
      options.onStarted?.(device, devices.filter(Boolean).length);
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { devices, [Symbol.asyncDispose]: dispose };
}

/** The folder that was named, for this process alone, or one that ends with the fleet. */
async function openFolder(named: string | undefined): Promise<AsyncDisposable & { readonly path: string }> {
  if (named !== undefined) return { path: named, ...(await lockFolder(named)) };
  const path = await mkdtemp(join(tmpdir(), "edgemere-fleet-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** Each host has chance of its own, so that the fiftieth is the same in a fleet of fifty and of five hundred. */
function fakeHosts(options: FleetOptions): readonly FakeHost[] {
  const { devices, seed = 1, prefix = "simulated", behaviour = "mixed", programs = {} } = options;
  const digits = Math.max(3, String(devices).length);
  return Array.from({ length: devices }, (_, index) => {
    const random = seededRandom(seed * 1_000_003 + index);
    const host = fakeHost({
      name: `${prefix}-${String(index + 1).padStart(digits, "0")}`,
      random,
      clock: systemClock,
      behaviour: behaviour === "mixed" ? anyBehaviour(random) : behaviour,
      programs,
    });
    putRecordings(host, random);
    return host;
  });
}

function anyBehaviour(random: Random): BehaviourName {
  const names = Object.keys(behaviours) as BehaviourName[];
  return names[Math.floor(random.next() * names.length)] ?? "steady";
}

/** Something for the data catalogue to find. */
function putRecordings(host: FakeHost, random: Random): void {
  host.files.makeDirectory(RECORDINGS);
  const count = 1 + Math.floor(random.next() * 4);
  for (let number = 1; number <= count; number++)
    host.files.put({ directory: RECORDINGS, name: `recording-${number}.bin` }, random.bytes(256));
}
