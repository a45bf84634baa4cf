import { HostError } from "@edgemere/agent";
import type { Host, ServiceStatus } from "@edgemere/agent";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import type { Clock, Random } from "@edgemere/protocol/kit";
import type { BehaviourName } from "./behaviours.ts";
import { FakeFiles } from "./fake-files.ts";
import { fakeInventory } from "./fake-inventory.ts";
import { anyMachineKind } from "./machine-kinds.ts";
import { fakeMetrics, isMeasuredBy } from "./metrics.ts";
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
  /** Called when the host starts anew, with a new boot id: whoever runs an agent on it does the same with the agent. */
  onReboot: () => void;
}

/** Same name, chance and clock: same host. */
export function fakeHost({ name, random, clock, behaviour = "steady", programs = {} }: FakeHostOptions): FakeHost {
  const kind = anyMachineKind(random);
  let bootedAt = clock.now() - Math.round(between(random, 0, 90 * DAY));
  const metrics = fakeMetrics(kind, behaviour, random);
  const inventory = fakeInventory(name, kind, random);
  const [firstBoot, machineId] = [hexadecimal(random), hexadecimal(random)];
  let reboots = 0;
  let restarts = 0;
  const files = new FakeFiles(clock, kind.diskBytes);
  const services = new Map([service("ssh", "running"), service("backup", "failed")].map((each) => [each.name, each]));
  const started: (readonly string[])[] = [];
  const statusOf = (wanted: string): ServiceStatus => {
    const status = services.get(wanted);
    if (status === undefined) throw new HostError("not-found", `there is no service ${wanted} on this device`);
    return status;
  };

  const host: FakeHost = {
    name,
    files,
    services,
    started,
    bootId: async () => (reboots === 0 ? firstBoot : `${firstBoot}-${reboots}`),
    machineId: async () => machineId,
    sample: async (sources) => {
      const at = clock.now();
      const uptime = { metric: "system.uptime_seconds", instance: "", value: (at - bootedAt) / SECOND };
      return [...metrics(at), uptime].filter(({ metric }) => sources === undefined || isMeasuredBy(sources, metric));
    },
    inventory: async () => inventory,
    run: (program) => {
      started.push(program.argv);
      return runFake({ ...standardPrograms, ...programs }, program, clock);
    },
    killMarked: async () => 0,
    serviceStatus: async (wanted) => statusOf(wanted),
    restartService: async (wanted) => {
      statusOf(wanted);
      restarts += 1;
      const status = { ...service(wanted, "running"), mainPid: 1_000 + restarts, instance: `restart-${restarts}` };
      services.set(wanted, status);
      return status;
    },
    onReboot: () => {},
    reboot: async () => {
      reboots += 1;
      bootedAt = clock.now();
      host.onReboot();
    },
    listFiles: (directory) => files.listFiles(directory),
    hashFile: (directory, file) => files.hashFile(directory, file),
    capacity: (directory) => files.capacity(directory),
    hasTerminal: async () => false,
  };
  return host;
}

const hexadecimal = (random: Random) => Buffer.from(random.bytes(16)).toString("hex");

const service = (name: string, state: "running" | "failed"): ServiceStatus => ({
  name,
  manager: "systemd",
  state,
  detail: state === "running" ? "active (running)" : "failed (failed)",
  enabled: true,
  ...(state === "running" ? { mainPid: 412, instance: "boot" } : {}),
});
