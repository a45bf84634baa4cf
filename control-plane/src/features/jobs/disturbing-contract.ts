import { commandKinds, commandLife, type CommandKind, type CommandState } from "@edgemere/protocol";

interface Disturbing {
  readonly kind: CommandKind;
  readonly author: string;
  readonly state: CommandState;
  readonly updatedAt: number;
}

/** It ends so without having reached its device. */
const unheard: readonly CommandState[] = ["expired", "cancelled", "rejected"];

/**
 * Up to when a command keeps its device from being as usual: Infinity while it is under way; undefined: it never did. What a policy has a device do
 * is an answer to an alert, and excuses none.
 */
export function disturbsUntil({ kind, author, state, updatedAt }: Disturbing): number | undefined {
  if (commandKinds[kind].disturbs.length === 0 || author.startsWith("policy:")) return undefined;
  if (!commandLife.isFinal(state)) return state === "queued" ? undefined : Infinity;
  return unheard.includes(state) ? undefined : updatedAt;
}
