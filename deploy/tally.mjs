// A reporter for `node --test`: one JSON line per test, for the totals.
const LONGEST_WHY = 4_000;

const outcomeOf = ({ type, data }) => {
  if (data.skip !== undefined || data.todo !== undefined) return "skipped";
  // A file that reports itself as passed had no test in it.
  return type === "test:pass" && data.name !== data.file ? "passed" : "failed";
};

// Of a test that failed because one within it did, that one tells more.
const whyOf = ({ details }) => {
  const { cause, message, failureType } = details?.error ?? {};
  if (failureType === "subtestsFailed") return message;
  return String(cause?.stack ?? cause?.message ?? cause ?? message ?? "no reason given").slice(0, LONGEST_WHY);
};

const reasonOf = ({ skip, todo }) => [skip, todo].find((reason) => typeof reason === "string") ?? "no reason given";

export default async function* tally(events) {
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const outcome = outcomeOf(event);
    if (event.data.details?.type === "suite" && outcome !== "skipped") continue;
    const { name: title, file, details } = event.data;
    const seconds = (details?.duration_ms ?? 0) / 1_000;
    const reason = outcome === "failed" ? whyOf(event.data) : reasonOf(event.data);
    yield `${JSON.stringify({ outcome, title, file, reason, seconds })}\n`;
  }
}
