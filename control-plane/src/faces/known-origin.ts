import { isIP } from "node:net";
import { Problem } from "../platform/problem.ts";

interface Whence {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

/**
 * Whether a page may act here with a cookie: one that was served by the very address it asks, when that is a number or
 * localhost (a name could be pointed here by whoever owns it), or one that the operator named.
 */
export function isKnownOrigin({ origin, host }: Whence, named: readonly string[]): boolean {
  if (origin === undefined) return false;
  if (named.includes(origin)) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  const from = new URL(origin);
  const bare = from.hostname.replaceAll(/^\[|\]$/g, "");
  return from.host === host && (bare === "localhost" || isIP(bare) !== 0);
}

/** Throws Problem when a page from elsewhere tries to use, or to get, a cookie of ours. */
export function refuseForeignOrigin(whence: Whence, named: readonly string[]): void {
  if (isKnownOrigin(whence, named)) return;
  const { origin } = whence;
  throw new Problem(
    "forbidden",
    origin === undefined
      ? "a request with a cookie must say its Origin; programs send Authorization: Bearer <token> instead"
      : `pages of ${origin} may not act here; if this is the portal's own address, name it with --origin`,
  );
}
