import { covers, type Caller } from "../../platform/caller.ts";
import { resolve, noneOf } from "../../platform/reference.ts";
import { rollout, rolloutTarget, type Rollout } from "./contract.ts";
import type { JobsContext } from "./context.ts";

type Owned = Pick<Rollout, "account" | "author" | "grants">;

/** Whether it is the caller's, who comes as far now as when it was asked for: a token that is limited to less does not own it. */
export const isOwn = ({ account, author, grants }: Owned, caller: Caller): boolean =>
  (account === undefined ? author === caller.actor : account === caller.account) && comesAsFar(grants, caller);

function comesAsFar({ permissions, limited }: Owned["grants"], caller: Caller): boolean {
  const isHeld = (needed: string) => caller.permissions.some((held) => covers(held, needed));
  return (
    permissions.every(isHeld) &&
    limited.every(
      ({ permission, selectors }) =>
        isHeld(permission) ||
        (caller.limited ?? []).some(
          (held) => covers(held.permission, permission) && held.selectors.every((each) => selectors.includes(each)),
        ),
    )
  );
}

/**
 * A rollout that somebody may know of: all of it lies within the devices for which the permission holds, or it is their own.
 * Of another one is said what is said of what does not exist.
 */
export async function seen(id: string, permission: string, context: JobsContext, caller: Caller): Promise<Rollout> {
  const { store, scopes } = context;
  const row = await resolve(store, rollout, id);
  const reach = scopes.reachOf(caller, permission);
  if (reach.isEverywhere || isOwn(row, caller)) return row;
  let count = 0;
  for await (const { device } of store.scan(rolloutTarget, { index: "rollout", prefix: [id] })) {
    count++;
    if (!(await reach.coversId(device))) throw noneOf("rollout", id);
  }
  if (count === 0) throw noneOf("rollout", id);
  return row;
}
