// A reporter for `node --test`: one JSON line per test, for the totals.
const outcomeOf = ({ type, data }) => {
  if (data.skip !== undefined || data.todo !== undefined) return "skipped";
  // A file that reports itself as passed had no test in it.
  return type === "test:pass" && data.name !== data.file ? "passed" : "failed";
};

const reasonOf = ({ skip, todo }) => [skip, todo].find((reason) => typeof reason === "string") ?? "no reason given";

export default async function* tally(events) {
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const outcome = outcomeOf(event);
    if (event.data.details?.type === "suite" && outcome !== "skipped") continue;
    const { name: title, file, details } = event.data;
    const seconds = (details?.duration_ms ?? 0) / 1_000;
    yield `${JSON.stringify({ outcome, title, file, reason: reasonOf(event.data), seconds })}\n`;
  }
}
