import { createHash, timingSafeEqual } from "node:crypto";
import { DAY, HOUR, type Clock, type Random } from "@edgemere/protocol/kit";
import { may, type Authenticate } from "../../platform/caller.ts";
import { created, updated, type Change } from "../../platform/change.ts";
import { unlessMoved } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { apiToken, roles, user, type ApiToken, type Role, type User } from "./contract.ts";

/** A session ends when nobody used it for this long … */
export const SESSION_IDLE = 12 * HOUR;
/** … and in any case after this. */
const SESSION_LONGEST = 7 * DAY;
// Use is written down at most this often: a request must not cost a write.
const SESSION_RENEWED_EVERY = HOUR;

const FORM = /^edt_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})$/;

const hashOf = (secret: string) => createHash("sha256").update(secret).digest("base64url");

/** What somebody with these roles may do. */
export const permissionsOf = (held: readonly string[]): string[] => [
  ...new Set(held.flatMap((role) => (Object.hasOwn(roles, role) ? roles[role as Role] : []))),
];

interface Wanted {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly kind: ApiToken["kind"];
  readonly permissions: readonly string[];
  readonly expiresAt: number;
}

/** A new credential: the text for its holder and the change that makes it valid. */
export function issue({ id, permissions, ...rest }: Wanted, random: Random): { text: string; change: Change } {
  const secret = Buffer.from(random.bytes(32)).toString("base64url");
  const change = created(apiToken, id, { ...rest, permissions: [...permissions], secretHash: hashOf(secret) });
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
    if (token.kind === "session") await renew(token, store, clock);
    return { ...identityOf(token, owner), session: token.id };
  };

function identityOf(token: ApiToken, owner: User) {
  const permissions = permissionsOf(owner.roles);
  if (token.kind === "session") return { actor: `user:${owner.name}`, permissions };
  // A token never outgrows its owner, whatever became of the owner's roles since.
  return { actor: `token:${token.id}`, permissions: token.permissions.filter((each) => may({ permissions }, each)) };
}

async function renew(token: ApiToken, store: Store, clock: Clock): Promise<void> {
  const expiresAt = Math.min(clock.now() + SESSION_IDLE, token.createdAt + SESSION_LONGEST);
  if (expiresAt - token.expiresAt < SESSION_RENEWED_EVERY) return;
  // Another request may renew or end it at the same moment.
  await store.commit(updated(apiToken, token, { expiresAt })).catch(unlessMoved);
}
