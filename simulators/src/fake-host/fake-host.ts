import { HostError } from "@edgemere/agent";
import type { Host, ServiceStatus } from "@edgemere/agent";
import { DAY, SECOND } from "@edgemere/protocol/kit";
import type { Clock, Random } from "@edgemere/protocol/kit";
import type { BehaviourName } from "./behaviours.ts";
import { FakeFiles } from "./fake-files.ts";
import { fakeTransfers } from "./fake-transfers.ts";
import { fakeInventory } from "./fake-inventory.ts";
import { anyMachineKind } from "./machine-kinds.ts";
import { fakeTerminal } from "./fake-terminal.ts";
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
  const packages = new Map([["openssh-server", "1:9.2p1-2"]]);
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
    runScript: ({ interpreter, arguments: rest, ...program }) =>
      host.run({ ...program, argv: [...interpreter, ...rest] }),
    removeScripts: async () => 0,
    keepFiles: async (paths) => paths.map((path) => ({ path })),
    putBackFiles: async () => {},
    killMarked: async () => 0,
    serviceStatus: async (wanted) => statusOf(wanted),
    changeService: async (wanted, change) => {
      const before = statusOf(wanted);
      if (change === "reload") return before;
      restarts += 1;
      const run = { mainPid: 1_000 + restarts, instance: `restart-${restarts}` };
      const status = change === "stop" ? service(wanted, "stopped") : { ...service(wanted, "running"), ...run };
      services.set(wanted, status);
      return status;
    },
    collectLogs: async () => ({ sources: [], outputBytes: 0 }),
    changePackages: async ({ change, packages: asked }) => {
      const before = new Map(packages);
      for (const each of asked) {
        const [wanted = "", version = before.get(wanted) ?? "1.0-1"] = each.split("=");
        if (change === "remove") packages.delete(wanted);
        else if (change === "install" || packages.has(wanted)) packages.set(wanted, version);
      }
      const names = [...new Set([...before.keys(), ...packages.keys()])].sort();
      const changes = names
        .map((each) => ({ name: each, before: before.get(each) ?? "", after: packages.get(each) ?? "" }))
        .filter((each) => each.before !== each.after);
      return { changes, held: [], isRepaired: false, outputBytes: 0, droppedBytes: 0, failure: undefined };
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
    transfers: fakeTransfers(files),
    hasTerminal: async () => true,
    openTerminal: async (request) => fakeTerminal(request),
  };
  return host;
}

const hexadecimal = (random: Random) => Buffer.from(random.bytes(16)).toString("hex");

const details = { running: "active (running)", stopped: "inactive (dead)", failed: "failed (failed)" } as const;

const service = (name: string, state: keyof typeof details): ServiceStatus => ({
  name,
  manager: "systemd",
  state,
  detail: details[state],
  enabled: true,
  ...(state === "running" ? { mainPid: 412, instance: "boot" } : {}),
});
