import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { created, moved } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { IdentityContext } from "./context.ts";
import * as contract from "./contract.ts";
import { beginSession, shownGrants } from "./beginning.ts";
import { isSetUp, useSetupCode } from "./setup-code.ts";
import { countAttempt } from "./sign-in-attempts.ts";

const { apiToken, user } = contract;

export const sessionActions = [
  handle(contract.readStatus, async (_, { store, version, singleSignOn }: IdentityContext) => ({
    isSetUp: await isSetUp(store),
    version,
    hasSingleSignOn: singleSignOn !== undefined,
  })),
  handle(contract.setUp, async ({ code, name, password }, context: IdentityContext, { address }) => {
    const { store, passwords } = context;
    // Before the slow hash, which only the holder of the code may ask for; and again with the commit.
    await useSetupCode(store, code);
    const passwordHash = await passwords.hash(password);
    const roles: contract.Role[] = ["owner"];
    const { session, change } = beginSession({ id: name, name, roles }, context, address);
    await repeatOnConflict(async () =>
      store.commit(await useSetupCode(store, code), created(user, name, { name, roles, passwordHash }), change),
    );
    return session;
  }),
  handle(contract.signIn, async ({ name, password }, context: IdentityContext, { address }) => {
    const { store, clock, passwords } = context;
    const attempt = await countAttempt({ name, address }, store, clock);
    const row = await store.get(user, name);
    const isRight = await passwords.verify(password, row?.passwordHash || undefined);
    if (!isRight || row?.state !== "active") throw new Problem("not-signed-in", "name or password is wrong");
    const { session, change } = beginSession(row, context, address);
    await store.commit(change);
    await attempt.forget();
    return session;
  }),
  handle(contract.signOut, async (_, { store }: IdentityContext, { session }) => {
    if (session === undefined) return { ended: false };
    return repeatOnConflict(async () => {
      const row = await resolve(store, apiToken, session);
      if (row.kind === "token")
        throw new Problem("forbidden", 'only a session signs out; an API token is ended with "ia/token/revoke"');
      if (row.state !== "active") return { ended: false };
      await store.commit(moved(apiToken, row, "revoke"));
      return { ended: true };
    });
  }),
  handle(contract.whoAmI, async (_, { store }: IdentityContext, caller: Caller) => {
    const { actor, permissions, limited = [], account = "", provedAt } = caller;
    const row = provedAt === undefined ? undefined : await store.get(contract.user, account);
    return {
      actor,
      permissions: [...permissions],
      limited: shownGrants(limited),
      proof: row === undefined ? "none" : row.passwordHash === "" ? "identity-provider" : "password",
    };
  }),
];
