import { scrypt, timingSafeEqual } from "node:crypto";
import type { Random } from "@edgemere/protocol/kit";
import { Problem } from "../../platform/problem.ts";

/** Keeps passwords as salted scrypt hashes that carry their own cost. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes the same time whether there is a hash or not, so that a stranger cannot ask which names exist. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

interface Cost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

// 32 MiB and about 0.2 s: the cost that OWASP's password sheet names for a memory of this size.
const COST: Cost = { N: 2 ** 15, r: 8, p: 3 };
// Each hash in work holds its 32 MiB; the rest waits, and what would wait too long is sent away.
const AT_ONCE = 2;
const WAITING_AT_MOST = 20;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

export function createPasswords(random: Random, cost: Cost = COST): Passwords {
  const inTurn = limited();
  const derive = (password: string, salt: Uint8Array, { N, r, p }: Cost) =>
    inTurn(
      () =>
        new Promise<Uint8Array>((resolve, reject) => {
          // Normalised, so that the same letters typed on another keyboard are the same password.
          scrypt(password.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * r * (N + p) }, (error, key) => {
            if (error) reject(error);
            else resolve(key);
          });
        }),
    );
  const text = (salt: Uint8Array, key: Uint8Array) =>
    ["scrypt", cost.N, cost.r, cost.p, inBase64(salt), inBase64(key)].join("$");
  const nobodys = text(random.bytes(SALT_BYTES), random.bytes(KEY_BYTES));

  return {
    hash: async (password) => {
      const salt = random.bytes(SALT_BYTES);
      return text(salt, await derive(password, salt, cost));
    },
    verify: async (password, hash = nobodys) => {
      const [kind, N, r, p, salt = "", key = ""] = hash.split("$");
      if (kind !== "scrypt") throw new Error("a stored password hash is of an unknown kind");
      const expected = Buffer.from(key, "base64url");
      const actual = await derive(password, Buffer.from(salt, "base64url"), {
        N: Number(N),
        r: Number(r),
        p: Number(p),
      });
      return expected.length === actual.length && timingSafeEqual(expected, actual);
    },
  };
}

/** Runs a few at once, lets some wait and refuses the rest. */
function limited() {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(run: () => Promise<T>): Promise<T> => {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING_AT_MOST)
        throw new Problem("unavailable", "too many people sign in at this moment; try again soon", { retryAfter: 5 });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await run();
    } finally {
      // The place is handed on: nobody can slip in between.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

const inBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
