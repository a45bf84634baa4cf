import type { Caller } from "../../platform/caller.ts";
import type { PoliciesContext } from "./context.ts";
import type { Policy } from "./contract.ts";

/** A policy that asks for something itself. Whoever wrote it cannot be the second person who says yes to what it wants. */
export const callerOf = (
  { name, account }: { readonly name: string; readonly account?: Policy["account"] },
  permissions: readonly string[],
  { newId }: Pick<PoliciesContext, "newId">,
): Caller & { readonly via: "rule" } => ({
  actor: `policy:${name}`,
  via: "rule",
  permissions,
  requestId: newId(),
  account,
});
