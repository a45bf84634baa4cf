import type { Answer } from "./context.ts";

/** taken; refused: it would be refused again; later: the same may be taken another time. */
type Verdict = "taken" | "refused" | "later";

/** What is wrong with what was said. Of everything else the way or the target is the cause: an address, a credential, a load, an outage. */
const CONTENT: ReadonlySet<number> = new Set([400, 413, 422]);

export const verdictOn = ({ status }: Pick<Answer, "status">): Verdict => {
  if (status >= 200 && status < 300) return "taken";
  return CONTENT.has(status) ? "refused" : "later";
};

/** An answer as a word that figures may bear. */
export const reasonOf = ({ status }: Pick<Answer, "status">): string => (status === 0 ? "unreachable" : String(status));
