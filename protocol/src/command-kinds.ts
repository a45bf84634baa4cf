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

interface KindRule {
  /** Commands of one lane of a device run one after another; lanes do not wait for each other. */
  readonly lane: string;
  readonly onInterrupt: OnInterrupt;
  /** Must be allowed by the device's own settings, whatever the control plane says. */
  readonly dangerous: boolean;
  /** The field of Command that carries its arguments, and of CommandReport that carries its result. */
  readonly task: NonNullable<Command["task"]> & NonNullable<CommandReport["result"]>;
}

/** Every command kind. A kind is added here, in command.proto, in an agent's handler and in the jobs feature's argument schemas. */
export const commandKinds = {
  ping: { lane: "control", onInterrupt: "converge", dangerous: false, task: "ping" },
  exec: { lane: "exec", onInterrupt: "once", dangerous: true, task: "exec" },
  script: { lane: "script", onInterrupt: "once", dangerous: true, task: "script" },
  "inventory.refresh": { lane: "inventory", onInterrupt: "converge", dangerous: false, task: "inventoryRefresh" },
  "log.collect": { lane: "log", onInterrupt: "once", dangerous: false, task: "logCollect" },
  "file.put": { lane: "file", onInterrupt: "converge", dangerous: true, task: "filePut" },
  "file.get": { lane: "file", onInterrupt: "converge", dangerous: true, task: "fileGet" },
  "file.list": { lane: "listing", onInterrupt: "converge", dangerous: false, task: "fileList" },
  configure: { lane: "configure", onInterrupt: "converge", dangerous: true, task: "configure" },
  "service.status": { lane: "service", onInterrupt: "converge", dangerous: false, task: "serviceStatus" },
  "service.start": { lane: "service", onInterrupt: "converge", dangerous: true, task: "serviceStart" },
  "service.stop": { lane: "service", onInterrupt: "converge", dangerous: true, task: "serviceStop" },
  "service.reload": { lane: "service", onInterrupt: "converge", dangerous: true, task: "serviceReload" },
  "service.restart": { lane: "service", onInterrupt: "probe", dangerous: true, task: "serviceRestart" },
  "package.install": { lane: "package", onInterrupt: "converge", dangerous: true, task: "packageInstall" },
  "package.remove": { lane: "package", onInterrupt: "converge", dangerous: true, task: "packageRemove" },
  "package.upgrade": { lane: "package", onInterrupt: "converge", dangerous: true, task: "packageUpgrade" },
  "data.get": { lane: "data", onInterrupt: "converge", dangerous: false, task: "dataGet" },
  "data.put": { lane: "data", onInterrupt: "converge", dangerous: false, task: "dataPut" },
  "data.drop": { lane: "data", onInterrupt: "converge", dangerous: false, task: "dataDrop" },
  "data.report": { lane: "index", onInterrupt: "converge", dangerous: false, task: "dataReport" },
  reboot: { lane: "power", onInterrupt: "boundary", dangerous: true, task: "reboot" },
  "network.change": { lane: "network", onInterrupt: "probe", dangerous: true, task: "networkChange" },
  "agent.upgrade": { lane: "power", onInterrupt: "probe", dangerous: true, task: "agentUpgrade" },
  "policy.pack": { lane: "policy", onInterrupt: "converge", dangerous: false, task: "policyPack" },
  "terminal.open": { lane: "terminal", onInterrupt: "once", dangerous: true, task: "terminalOpen" },
} as const satisfies Record<string, KindRule>;

export type CommandKind = keyof typeof commandKinds;
export type TaskName = (typeof commandKinds)[CommandKind]["task"];
export const isCommandKind = (kind: string): kind is CommandKind => Object.hasOwn(commandKinds, kind);
export const kindOfTask = (task: string | undefined): CommandKind | undefined =>
  (Object.keys(commandKinds) as CommandKind[]).find((kind) => commandKinds[kind].task === task);
