import { commandKinds, type CommandKind } from "@edgemere/protocol";
import type { CommandParts } from "./command-parts.ts";
import { handlers } from "./handlers/index.ts";

/** What this agent tells that it can do, as its host is and lets it. */
export const capabilitiesOf = (
  {
    config,
    upgrade,
    settings,
    host,
    mounts,
  }: Pick<CommandParts, "config" | "upgrade" | "settings" | "host" | "mounts">,
  hasTerminal: boolean,
): readonly string[] =>
  (Object.keys(handlers) as CommandKind[])
    .filter((kind) => !commandKinds[kind].dangerous || config.allow.includes(kind))
    .filter((kind) => kind !== "terminal.open" || hasTerminal)
    .filter((kind) => kind !== "agent.upgrade" || upgrade.parts.releases !== undefined)
    .filter((kind) => kind !== "configure" || settings !== undefined)
    .filter((kind) => kind !== "data.mount" || mounts !== undefined)
    .filter((kind) => !kind.startsWith("file.") || host.transfers !== undefined)
    .map((kind) => `command:${kind}`);
