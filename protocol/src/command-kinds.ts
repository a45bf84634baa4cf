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
  readonly task: "ping" | "exec" | "inventoryRefresh" | "serviceStatus" | "serviceRestart" | "reboot";
}

/** Every command kind. A kind is added here, in command.proto, in an agent's handler and in the jobs feature's argument schemas. */
export const commandKinds = {
  ping: { lane: "control", onInterrupt: "converge", dangerous: false, task: "ping" },
  exec: { lane: "exec", onInterrupt: "once", dangerous: true, task: "exec" },
  "inventory.refresh": { lane: "inventory", onInterrupt: "converge", dangerous: false, task: "inventoryRefresh" },
  "service.status": { lane: "service", onInterrupt: "converge", dangerous: false, task: "serviceStatus" },
  "service.restart": { lane: "service", onInterrupt: "probe", dangerous: true, task: "serviceRestart" },
  reboot: { lane: "power", onInterrupt: "boundary", dangerous: true, task: "reboot" },
} as const satisfies Record<string, KindRule>;

export type CommandKind = keyof typeof commandKinds;
export type TaskName = (typeof commandKinds)[CommandKind]["task"];
export const isCommandKind = (kind: string): kind is CommandKind => Object.hasOwn(commandKinds, kind);
export const kindOfTask = (task: string | undefined): CommandKind | undefined =>
  (Object.keys(commandKinds) as CommandKind[]).find((kind) => commandKinds[kind].task === task);
