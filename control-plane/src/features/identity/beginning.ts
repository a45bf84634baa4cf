import type { LimitedGrant } from "../../platform/caller.ts";
import type { User } from "./contract.ts";
import type { IdentityContext } from "./context.ts";
import { grantsOf, issue, SESSION_IDLE } from "./credentials.ts";

export const shownGrants = (limited: readonly LimitedGrant[]) =>
  limited.map(({ permission, selectors }) => ({ permission, selectors: [...selectors] }));

/** A new session: what its holder is told, and the change that makes it valid. */
export function beginSession(
  account: Pick<User, "id" | "name" | "roles" | "limitedRoles">,
  { clock, newId, random }: IdentityContext,
  address: string | undefined,
  provedAt?: number,
) {
  const { id, name, roles } = account;
  const { permissions, limited } = grantsOf(account);
  const expiresAt = clock.now() + SESSION_IDLE;
  // What a session may do is looked up with each use; nothing of it is kept in the row.
  const { text, change } = issue(
    { id: newId(), name: "session", owner: id, kind: "session", permissions: [], address, provedAt, expiresAt },
    random,
  );
  const session = {
    token: text,
    user: name,
    roles: [...roles],
    permissions: [...permissions],
    limited: shownGrants(limited),
    expiresAt,
  };
  return { session, change };
}
