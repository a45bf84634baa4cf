// Carries out every attack of the threat list and says how each fared. `npm run threats [-- T07 T08] [--list]`
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { runTests, SECURITY_TIMEOUT_MS, testsBelow } from "./node-tests.mjs";
import { main, root, StepFailed } from "./steps.mjs";

const RING = "test/dist/security";

await main(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { list: { type: "boolean" } } });
  await build();
  const { threats } = await import(join(root, RING, "threats.js"));
  const { idsIn, titlesIn } = await import(join(root, RING, "titles.js"));
  const { accountOf, listOf, verdictOn } = await import(join(root, RING, "account.js"));

  const unknown = positionals.filter((id) => !threats.some((threat) => threat.id === id));
  if (unknown.length > 0)
    throw new StepFailed(
      `there is no threat ${unknown.join(", ")}; there are ${threats.map(({ id }) => id).join(" ")}`,
    );
  const chosen = threats.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
  if (values.list) return console.log(listOf(chosen));

  const isChosen = (title) => idsIn(title).some((id) => chosen.some((threat) => threat.id === id));
  const files = testsBelow(RING).filter((path) => titlesIn(readFileSync(join(root, path), "utf8")).some(isChosen));
  const { entries, failure } = await attempt(files);

  const verdicts = chosen.map((threat) => verdictOn(threat, entries));
  console.log(`\n${accountOf(verdicts)}`);
  const open = verdicts.filter(({ result }) => result !== "passed").map(({ threat }) => threat.id);
  // A file that breaks down without a failed test of its own shows in no row.
  if (failure && open.length === 0) throw new StepFailed(failure.message);
  if (open.length > 0) throw new StepFailed(`not shown to fail: ${open.join(" ")}`);
});

/** All tests of these files; `failure` when the ring as a whole did not pass. */
async function attempt(files) {
  try {
    return {
      entries: await runTests("security", files, { concurrency: 2, show: true, timeout: SECURITY_TIMEOUT_MS }),
    };
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    return { entries: error.entries, failure: error };
  }
}
