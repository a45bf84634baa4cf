import { HostError } from "@edgemere/agent";
import type { Host, ServiceStatus } from "@edgemere/agent";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import type { Clock, Random } from "@edgemere/protocol/kit";
import type { BehaviourName } from "./behaviours.ts";
import { FakeFiles } from "./fake-files.ts";
import { fakeInventory } from "./fake-inventory.ts";
import { anyMachineKind } from "./machine-kinds.ts";
import { fakeMetrics } from "./metrics.ts";
import { runFake, standardPrograms } from "./programs.ts";
import type { FakeProgram } from "./programs.ts";
import { between } from "./waves.ts";

export interface FakeHostOptions {
  readonly name: string;
  /** Everything about the host follows from it and the clock; nothing is drawn from it after the host is made. */
  readonly random: Random;
  readonly clock: Clock;
  readonly behaviour?: BehaviourName;
  /** In addition to the standard ones, or in their place. */
  readonly programs?: Readonly<Record<string, FakeProgram>>;
}

/** A host that exists in memory only, and what a test may do to it. It outlives the agents that run on it. */
export interface FakeHost extends Host {
  readonly files: FakeFiles;
  /** Services by name; `ssh` runs and `backup` failed. */
  readonly services: Map<string, ServiceStatus>;
  /** Every program that was started, oldest first. */
  readonly started: readonly (readonly string[])[];
}

/** Same name, chance and clock: same host. */
export function fakeHost({ name, random, clock, behaviour = "steady", programs = {} }: FakeHostOptions): FakeHost {
  const kind = anyMachineKind(random);
  const bootedAt = clock.now() - Math.round(between(random, 0, 90 * DAY));
  const metrics = fakeMetrics(kind, behaviour, random);
  const inventory = fakeInventory(name, kind, random);
  const [bootId, machineId] = [hexadecimal(random), hexadecimal(random)];
  const files = new FakeFiles(clock, kind.diskBytes);
  const services = new Map([service("ssh", "running"), service("backup", "failed")].map((each) => [each.name, each]));
  const started: (readonly string[])[] = [];

  return {
    name,
    files,
    services,
    started,
    bootId: async () => bootId,
    machineId: async () => machineId,
    sample: async () => {
      const at = clock.now();
      const uptime = { metric: "system.uptime_seconds", instance: "", value: (at - bootedAt) / SECOND };
      return [...metrics(at), uptime];
    },
    inventory: async () => inventory,
    run: (program) => {
      started.push(program.argv);
      return runFake({ ...standardPrograms, ...programs }, program, clock);
    },
    serviceStatus: async (wanted) => {
      const status = services.get(wanted);
      if (status === undefined) throw new HostError("not-found", `there is no service ${wanted} on this device`);
      return status;
    },
    listFiles: (directory) => files.listFiles(directory),
    hashFile: (directory, file) => files.hashFile(directory, file),
    capacity: (directory) => files.capacity(directory),
    hasTerminal: async () => false,
  };
}

const hexadecimal = (random: Random) => Buffer.from(random.bytes(16)).toString("hex");

const service = (name: string, state: "running" | "failed"): ServiceStatus => ({
  name,
  manager: "systemd",
  state,
  detail: state === "running" ? "active (running)" : "failed (failed)",
  enabled: true,
  ...(state === "running" ? { mainPid: 412 } : {}),
});
