import { timingSafeEqual } from "node:crypto";
import { DAY } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { moved, replaced, updated, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import type { IdentityContext } from "./context.ts";
import * as contract from "./contract.ts";
import { hashOfCode, newCode } from "./setup-code.ts";
import { countAttempt } from "./sign-in-attempts.ts";
import { refuseOwnerByOthers } from "./users.ts";

const { apiToken, user } = contract;

/** A code with which an account's password can be set once. */
const resetCodes = table<{
  /** The account. */
  readonly id: string;
  readonly version: number;
  /** Empty once it was used. */
  readonly hash: string;
  readonly expiresAt: number;
}>("resetcode");
const CODE_HOLDS_FOR = DAY;

export const passwordActions = [
  handle(contract.stepUp, async ({ password }, context: IdentityContext, caller) => {
    const { store, clock } = context;
    await prove(password, caller, context);
    const provedAt = clock.now();
    await repeatOnConflict(async () => store.commit(updated(apiToken, await sessionOf(caller, store), { provedAt })));
    return { provedAt };
  }),
  handle(contract.changePassword, async ({ password, newPassword }, context: IdentityContext, caller) => {
    const { store, passwords } = context;
    const account = await prove(password, caller, context);
    const passwordHash = await passwords.hash(newPassword);
    return repeatOnConflict(async () => {
      const ending = (await sessionsOf(account.id, store)).filter(({ id }) => id !== caller.session);
      const row = await resolve(store, user, account.id);
      // Judged by the password that was typed: of two changes at once the second has typed an old one.
      if (row.passwordHash !== account.passwordHash)
        throw new Problem("conflict", "the password was changed meanwhile; look whether that was you");
      await store.commit(
        updated(user, row, { passwordHash }),
        ...ending.map((each) => moved(apiToken, each, "revoke")),
      );
      return { ended: ending.length };
    });
  }),
  handle(contract.resetPassword, async ({ user: ref }, { store, clock, random }: IdentityContext, caller) => {
    const row = await resolve(store, user, ref);
    refuseOwnerByOthers(row.roles, caller);
    const code = newCode(random);
    const expiresAt = clock.now() + CODE_HOLDS_FOR;
    const version = (await store.get(resetCodes, row.id))?.version ?? 0;
    await store.commit(
      replaced(resetCodes, { id: row.id, version: version + 1, hash: hashOfCode(code), expiresAt }, version),
    );
    return { user: row.name, code, expiresAt };
  }),
  handle(contract.useResetCode, async ({ name, code, password }, context: IdentityContext, { address }) => {
    const { store, clock, passwords } = context;
    const attempt = await countAttempt({ name, address }, store, clock);
    // Before the slow hash, and again with the commit.
    await usedCode(name, code, context);
    const passwordHash = await passwords.hash(password);
    const ended = await repeatOnConflict(async () => {
      const using = await usedCode(name, code, context);
      const ending = await sessionsOf(name, store);
      const changes = ending.map((each) => moved(apiToken, each, "revoke"));
      await store.commit(using, updated(user, await resolve(store, user, name), { passwordHash }), ...changes);
      return ending.length;
    });
    await attempt.forget();
    return { ended };
  }),
];

/** The account of who asks, whose password this is. Counts as a try to sign in: it cannot be guessed faster here. */
async function prove(password: string, caller: Caller, { store, clock, passwords }: IdentityContext) {
  await sessionOf(caller, store);
  const account = await resolve(store, user, caller.account ?? "");
  const attempt = await countAttempt({ name: account.name, address: caller.address }, store, clock);
  if (!(await passwords.verify(password, account.passwordHash || undefined)))
    throw new Problem("forbidden", "this is not the password of your account");
  await attempt.forget();
  return account;
}

async function sessionOf({ session = "", actor }: Caller, store: Store): Promise<contract.ApiToken> {
  const row = await store.get(apiToken, session);
  if (row?.kind === "session") return row;
  throw new Problem("forbidden", `${actor} is no session: a token has no password`);
}

export async function sessionsOf(account: string, store: Store): Promise<readonly contract.ApiToken[]> {
  const sessions: contract.ApiToken[] = [];
  for await (const each of store.scan(apiToken, { index: "owner", prefix: [account], reverse: true }))
    if (each.kind === "session" && each.state === "active") sessions.push(each);
  return sessions;
}

/** The change that uses the code up. An account that does not exist, or has no code, is refused in the same words. */
async function usedCode(name: string, code: string, { store, clock }: IdentityContext): Promise<Change> {
  const known = await store.get(resetCodes, name);
  const isRight = timingSafeEqual(Buffer.from(known?.hash || hashOfCode("")), Buffer.from(hashOfCode(code)));
  if (known === undefined || known.hash === "" || !isRight || known.expiresAt <= clock.now())
    throw new Problem("forbidden", "this code is wrong, was used, or is older than a day; ask an owner for a new one");
  return replaced(resetCodes, { ...known, version: known.version + 1, hash: "" }, known.version);
}
