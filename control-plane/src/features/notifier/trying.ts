import { HOUR, MINUTE, pauseBefore, SECOND, type Random } from "@edgemere/protocol/kit";
import type { Answer } from "./context.ts";
import type { Contact } from "./contract.ts";
import type { Notice } from "./notice-contract.ts";

const BACKOFF = { first: 5 * SECOND, longest: 15 * MINUTE };
const LEAST = SECOND;
const LONGEST_WISH = HOUR;

/** taken; refused: it would be refused again; later: the same may be taken another time. */
type Verdict = "taken" | "refused" | "later";

/** What is wrong with what was said, or that nobody is there any more. Of everything else the way is the cause: a load, an outage, a credential that is renewed. */
const forGood: Readonly<Record<Contact["kind"], (status: number) => boolean>> = {
  webhook: (status) => [400, 410, 413, 422].includes(status),
  // 530 to 539 speak of the credential, not of the message.
  mail: (status) => status >= 500 && status < 600 && !(status >= 530 && status < 540),
};

export function verdictOn({ status, isForbidden }: Answer, kind: Contact["kind"]): Verdict {
  if (status >= 200 && status < 300) return "taken";
  return isForbidden === true || forGood[kind](status) ? "refused" : "later";
}

/** Milliseconds from a try that was not taken to the next: the bound doubles, and the other side may ask for more, within reason. */
export const pauseAfter = (tries: number, random: Random, wished = 0): number =>
  Math.max(LEAST + pauseBefore(tries - 1, BACKOFF, random), Math.min(wished, LONGEST_WISH));

/** Whether a notice is not tried any more. Each is tried once, however long it had to wait behind others. */
export const isOver = ({ attempts, giveUpAt }: Pick<Notice, "attempts" | "giveUpAt">, now: number): boolean =>
  attempts > 0 && now >= giveUpAt;

/** When it is looked at again: at the end of its time at the latest, so that what waits behind it is not held up longer. */
export const nextTry = ({ giveUpAt }: Pick<Notice, "giveUpAt">, wished: number): number => Math.min(wished, giveUpAt);

/** Whether a notice is to be sent now. No pause is longer than an hour: what is due later than that was written by a clock that was ahead. */
export const isDue = ({ dueAt }: Pick<Notice, "dueAt">, now: number): boolean =>
  dueAt <= now || dueAt > now + LONGEST_WISH;
