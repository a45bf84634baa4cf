import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "@edgemere/protocol/kit";
import { replaced, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { user } from "./contract.ts";

interface SetupCode {
  readonly id: string;
  readonly version: number;
  /** Empty once it was used. */
  readonly hash: string;
}
const setupCodes = table<SetupCode>("setupcode");
const ID = "setup";

// Crockford's base 32: no letter that is easily taken for another.
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS = 5;
const GROUP_LENGTH = 5;

export const isSetUp = async (store: Store): Promise<boolean> =>
  (await store.list(user, { limit: 1 })).items.length > 0;

/** 125 bits that can be read out over a telephone. */
export function newCode(random: Random): string {
  const letters = [...random.bytes(GROUPS * GROUP_LENGTH)].map((byte) => LETTERS.charAt(byte % LETTERS.length));
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(""),
  ).join("-");
}

/**
 * A new one-time code (125 bits) for making the first account, to be shown where only the operator of this machine sees
 * it; undefined once there is an account. Each call makes the code before it useless: only its hash is kept.
 */
export async function ensureSetupCode(store: Store, random: Random): Promise<string | undefined> {
  if (await isSetUp(store)) return undefined;
  const code = newCode(random);
  const version = (await store.get(setupCodes, ID))?.version ?? 0;
  await store.commit(replaced(setupCodes, { id: ID, version: version + 1, hash: hashOfCode(code) }, version));
  return code;
}

/** The change that uses the code up; of two that come at once one is refused. Throws Problem when it is the wrong one. */
export async function useSetupCode(store: Store, code: string): Promise<Change> {
  const known = await store.get(setupCodes, ID);
  if (known === undefined || known.hash === "" || (await isSetUp(store)))
    throw new Problem("conflict", "the control plane has been set up already; sign in instead");
  if (!timingSafeEqual(Buffer.from(known.hash), Buffer.from(hashOfCode(code))))
    throw new Problem(
      "forbidden",
      "this is not the setup code; take the one that the control plane printed at its last start",
    );
  return replaced(setupCodes, { ...known, version: known.version + 1, hash: "" }, known.version);
}

/** However it was typed: small letters, blanks, and the letters that look like digits. */
export const hashOfCode = (code: string) =>
  createHash("sha256")
    .update(code.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1"))
    .digest("base64url");
