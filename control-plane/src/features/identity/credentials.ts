import { createHash, timingSafeEqual } from "node:crypto";
import { DAY, HOUR, MINUTE, type Clock, type Random } from "@edgemere/protocol/kit";
import { covers, may, type Authenticate, type Caller } from "../../platform/caller.ts";
import { created, put, updated, type Change } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { apiToken, roles, user, type ApiToken, type Role, type User } from "./contract.ts";

/** A session ends when nobody used it for this long … */
export const SESSION_IDLE = 12 * HOUR;
/** … and in any case after this. */
const SESSION_LONGEST = 7 * DAY;
// Use is written down at most this often: a request must not cost a write.
const SESSION_RENEWED_EVERY = HOUR;
const USE_NOTED_EVERY = MINUTE;

/** When a token was last used. */
export const tokenUses = table<{ readonly id: string; readonly at: number }>("tokenuse");

const FORM = /^edt_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/;

const hashOf = (secret: string) => createHash("sha256").update(secret).digest("base64url");

const permissionsIn = (role: string): readonly string[] => (Object.hasOwn(roles, role) ? roles[role as Role] : []);

/** What somebody with these roles may do. */
export const permissionsOf = (held: readonly string[]): string[] => [...new Set(held.flatMap(permissionsIn))];

type Holder = Pick<User, "roles" | "limitedRoles">;
type Grants = Required<Pick<Caller, "permissions" | "limited">>;

/** What an account may do: everywhere, and for some devices. */
export const grantsOf = ({ roles: held, limitedRoles = [] }: Holder): Grants => ({
  permissions: permissionsOf(held),
  limited: limitedRoles.flatMap(({ role, selector }) =>
    permissionsIn(role).map((permission) => ({ permission, selectors: [selector] })),
  ),
});

/** What of an account's grants a token has: never more, whatever became of the account's roles since. */
export function grantsOfToken({ permissions, selector }: Pick<ApiToken, "permissions" | "selector">, owner: Holder) {
  const own = grantsOf(owner);
  const narrowed = (permission: string, selectors: readonly string[]) => ({
    permission,
    selectors: selector === undefined ? selectors : [selector, ...selectors],
  });
  const isEverywhere = (permission: string) => may(own, permission);
  const elsewhere = permissions.filter((each) => !isEverywhere(each));
  const limited = elsewhere.flatMap((permission) =>
    own.limited
      .filter((grant) => covers(grant.permission, permission))
      .map((grant) => narrowed(permission, grant.selectors)),
  );
  const all = permissions.filter(isEverywhere);
  if (selector === undefined) return { permissions: all, limited };
  return { permissions: [], limited: [...all.map((permission) => narrowed(permission, [])), ...limited] };
}

interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly kind: ApiToken["kind"];
  readonly permissions: readonly string[];
  readonly selector?: string | undefined;
  readonly address?: string | undefined;
  readonly provedAt?: number | undefined;
  readonly expiresAt: number;
}

/** A new credential: the text for its holder and the change that makes it valid. */
export function issue(wanted: Wanted, random: Random): { text: string; change: Change } {
  const { id, permissions, selector, address, provedAt, ...rest } = wanted;
  const secret = Buffer.from(random.bytes(32)).toString("base64url");
  const change = created(apiToken, id, {
    ...rest,
    permissions: [...permissions],
    ...(selector !== undefined && { selector }),
    ...(address !== undefined && { address }),
    ...(provedAt !== undefined && { provedAt }),
    secretHash: hashOf(secret),
  });
  return { text: `edt_${id}_${secret}`, change };
}

/** Finds who a credential belongs to. Looks into the store each time, so what was revoked is refused from then on. */
export const authenticate =
  (store: Store, clock: Clock): Authenticate =>
  async (credential) => {
    const [, id, secret] = FORM.exec(credential) ?? [];
    if (id === undefined || secret === undefined) return undefined;
    const token = await store.get(apiToken, id);
    // Compared even when there is none: how long the answer takes tells nothing.
    const isProved = timingSafeEqual(Buffer.from(token?.secretHash ?? hashOf("")), Buffer.from(hashOf(secret)));
    if (!isProved || token?.state !== "active" || token.expiresAt <= clock.now()) return undefined;
    const owner = await store.get(user, token.owner);
    if (owner?.state !== "active") return undefined;
    await (token.kind === "session" ? renew(token, store, clock) : noteUse(token.id, store, clock));
    return { ...identityOf(token, owner), session: token.id, account: owner.id };
  };

const identityOf = (token: ApiToken, owner: User) =>
  token.kind === "session"
    ? { actor: `user:${owner.name}`, provedAt: token.provedAt ?? token.createdAt, ...grantsOf(owner) }
    : { actor: `token:${token.id}`, ...grantsOfToken(token, owner) };

/** Use of a token is written down once a minute at most, and tells nobody: it is no news. */
async function noteUse(id: string, store: Store, clock: Clock): Promise<void> {
  const { at = 0 } = (await store.get(tokenUses, id)) ?? {};
  // Also when the clock was set back.
  if (Math.abs(clock.now() - at) < USE_NOTED_EVERY) return;
  // Who may ask may do so while the disk is full or the store fails.
  await store.commit(put(tokenUses, { id, at: clock.now() })).catch(() => undefined);
}

async function renew(token: ApiToken, store: Store, clock: Clock): Promise<void> {
  const expiresAt = Math.min(clock.now() + SESSION_IDLE, token.createdAt + SESSION_LONGEST);
  if (expiresAt - token.expiresAt < SESSION_RENEWED_EVERY) return;
  // Another request may renew or end it at the same moment.
  await store.commit(updated(apiToken, token, { expiresAt })).catch(unlessMoved);
}
