import { handle } from "../../platform/action.ts";
import { may, type Caller } from "../../platform/caller.ts";
import { moved } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { noneOf } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { IdentityContext } from "./context.ts";
import { apiToken, endSessions, listOwnSessions } from "./contract.ts";
import { sessionsOf } from "./passwords-of-accounts.ts";

export const openSessionActions = [
  handle(listOwnSessions, async ({ user, limit = 50, cursor }, { store }: IdentityContext, caller) => {
    const sessions = await sessionsOf(accountMeant(user, caller), store);
    const start = cursor === undefined ? 0 : sessions.findIndex(({ id }) => id <= cursor);
    const rest = start < 0 ? [] : sessions.slice(start);
    const items = rest.slice(0, limit).map(({ id, address, createdAt, expiresAt }) => ({
      id,
      isThis: id === caller.session,
      ...(address !== undefined && { address }),
      createdAt,
      expiresAt,
    }));
    const next = rest[limit];
    return { items, total: sessions.length, ...(next && { next: next.id }) };
  }),
  handle(endSessions, async ({ id, user }, { store }: IdentityContext, caller) =>
    repeatOnConflict(async () => {
      const sessions = await sessionsOf(accountMeant(user, caller), store);
      const ending = id === undefined ? sessions : sessions.filter((each) => each.id === id);
      if (id !== undefined && ending.length === 0) throw noneOf("session", id);
      await store.commit(...ending.map((each) => moved(apiToken, each, "revoke")));
      return { ended: ending.length };
    }),
  ),
];

/** Names are ids of accounts. Other people's sessions are for who looks after accounts. */
function accountMeant(user: string | undefined, caller: Caller): string {
  const { account } = caller;
  if (account === undefined) throw new Problem("forbidden", `${caller.actor} has no sessions: it is no person`);
  if (user === undefined || user === account) return account;
  if (may(caller, "identity:user")) return user;
  throw new Problem("forbidden", "other people's sessions need the permission identity:user");
}
