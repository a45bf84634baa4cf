import type { Command, CommandReport } from "./messages.ts";

/** What becomes of a command whose agent died between its start and its end. */
export type OnInterrupt =
  /** Runs again: doing it twice is doing it once. */
  | "converge"
  /** Looks whether it took effect, then runs again if not. */
  | "probe"
  /** Never runs again: a new boot proves it, and without that proof in time it has failed. */
  | "boundary"
  /** Never runs again: reported as interrupted. */
  | "once";

/** What of a device is not as usual while something is done there: all of it, or metrics whose names begin so. */
export type Disturbance = "all" | readonly string[];

const nothing = [] as const;
/** Bytes come or go, and the agent is busy with them: how full a disk gets of it is not over when they are there. */
const traffic = ["network.", "disk.", "agent."] as const;

interface KindRule {
  /** Commands of one lane of a device run one after another; lanes do not wait for each other. */
  readonly lane: string;
  readonly onInterrupt: OnInterrupt;
  /** Must be allowed by the device's own settings, whatever the control plane says. */
  readonly dangerous: boolean;
  /** What is no surprise on the device while it runs, and for a moment after. */
  readonly disturbs: Disturbance;
  /** The field of Command that carries its arguments, and of CommandReport that carries its result. */
  readonly task: NonNullable<Command["task"]> & NonNullable<CommandReport["result"]>;
}

/** Every command kind. A kind is added here, in command.proto, in an agent's handler and in the jobs feature's argument schemas. */
export const commandKinds = {
  ping: { lane: "control", onInterrupt: "converge", dangerous: false, disturbs: nothing, task: "ping" },
  exec: { lane: "exec", onInterrupt: "once", dangerous: true, disturbs: "all", task: "exec" },
  script: { lane: "script", onInterrupt: "once", dangerous: true, disturbs: "all", task: "script" },
  "inventory.refresh": {
    lane: "inventory",
    onInterrupt: "converge",
    dangerous: false,
    disturbs: nothing,
    task: "inventoryRefresh",
  },
  "log.collect": { lane: "log", onInterrupt: "once", dangerous: false, disturbs: traffic, task: "logCollect" },
  "file.put": { lane: "file", onInterrupt: "converge", dangerous: true, disturbs: "all", task: "filePut" },
  "file.get": { lane: "file", onInterrupt: "converge", dangerous: true, disturbs: traffic, task: "fileGet" },
  "file.list": { lane: "listing", onInterrupt: "converge", dangerous: false, disturbs: nothing, task: "fileList" },
  configure: { lane: "configure", onInterrupt: "converge", dangerous: true, disturbs: "all", task: "configure" },
  "service.status": {
    lane: "service",
    onInterrupt: "converge",
    dangerous: false,
    disturbs: nothing,
    task: "serviceStatus",
  },
  "service.start": { lane: "service", onInterrupt: "converge", dangerous: true, disturbs: "all", task: "serviceStart" },
  "service.stop": { lane: "service", onInterrupt: "converge", dangerous: true, disturbs: "all", task: "serviceStop" },
  "service.reload": {
    lane: "service",
    onInterrupt: "converge",
    dangerous: true,
    disturbs: "all",
    task: "serviceReload",
  },
  "service.restart": {
    lane: "service",
    onInterrupt: "probe",
    dangerous: true,
    disturbs: "all",
    task: "serviceRestart",
  },
  "package.install": {
    lane: "package",
    onInterrupt: "converge",
    dangerous: true,
    disturbs: "all",
    task: "packageInstall",
  },
  "package.remove": {
    lane: "package",
    onInterrupt: "converge",
    dangerous: true,
    disturbs: "all",
    task: "packageRemove",
  },
  "package.upgrade": {
    lane: "package",
    onInterrupt: "converge",
    dangerous: true,
    disturbs: "all",
    task: "packageUpgrade",
  },
  "data.get": { lane: "data", onInterrupt: "converge", dangerous: false, disturbs: traffic, task: "dataGet" },
  "data.put": { lane: "data", onInterrupt: "converge", dangerous: false, disturbs: traffic, task: "dataPut" },
  "data.drop": { lane: "data", onInterrupt: "converge", dangerous: false, disturbs: nothing, task: "dataDrop" },
  "data.mount": { lane: "data", onInterrupt: "converge", dangerous: false, disturbs: nothing, task: "dataMount" },
  "data.report": { lane: "index", onInterrupt: "converge", dangerous: false, disturbs: nothing, task: "dataReport" },
  "data.snapshot": {
    lane: "snapshot",
    onInterrupt: "converge",
    dangerous: false,
    disturbs: traffic,
    task: "dataSnapshot",
  },
  reboot: { lane: "power", onInterrupt: "boundary", dangerous: true, disturbs: "all", task: "reboot" },
  "network.change": { lane: "network", onInterrupt: "probe", dangerous: true, disturbs: "all", task: "networkChange" },
  "agent.upgrade": { lane: "power", onInterrupt: "probe", dangerous: true, disturbs: "all", task: "agentUpgrade" },
  "policy.pack": { lane: "policy", onInterrupt: "converge", dangerous: false, disturbs: nothing, task: "policyPack" },
  "terminal.open": { lane: "terminal", onInterrupt: "once", dangerous: true, disturbs: nothing, task: "terminalOpen" },
} as const satisfies Record<string, KindRule>;

export type CommandKind = keyof typeof commandKinds;
export type TaskName = (typeof commandKinds)[CommandKind]["task"];
export const isCommandKind = (kind: string): kind is CommandKind => Object.hasOwn(commandKinds, kind);
export const kindOfTask = (task: string | undefined): CommandKind | undefined =>
  (Object.keys(commandKinds) as CommandKind[]).find((kind) => commandKinds[kind].task === task);
