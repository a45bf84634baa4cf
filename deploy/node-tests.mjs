import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { filesBelow, root, run, step, StepFailed } from "./steps.mjs";

/** A test of the fast ring that takes as long has hung. */
const FAST_TIMEOUT_MS = 180_000;
/** Attacks are carried out on real programs. */
export const SECURITY_TIMEOUT_MS = 900_000;

export const testsBelow = (folder) => filesBelow(folder, (path) => path.endsWith(".test.js"));

/** Runs compiled test files as one step and returns an entry per test. With `show` the tests are told as they go, else only those that fail. */
export async function runTests(title, files, { concurrency = 2, show = false, timeout = FAST_TIMEOUT_MS } = {}) {
  if (files.length === 0) {
    await step(title, () => "no tests yet");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "edgemere-tally-"));
  const tally = join(folder, "tally.jsonl");
  try {
    if (show) console.log(`▶ ${title}`);
    await step(title, async () => {
      const refusal = await runFiles(files, { concurrency, show, timeout, tally });
      const { passed, failed, skipped } = count(entriesOf(tally));
      const words = `${passed} passed, ${failed} failed, ${skipped} skipped`;
      if (refusal || failed > 0) throw new StepFailed(words, failuresIn(refusal?.output ?? ""));
      return words;
    });
    return entriesOf(tally);
  } catch (error) {
    if (error instanceof StepFailed) error.entries = entriesOf(tally);
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runFiles(files, { concurrency, show, timeout, tally }) {
  const args = [
    "--test",
    "--enable-source-maps",
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeout}`,
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    `--test-reporter=${join(root, "deploy/tally.mjs")}`,
    `--test-reporter-destination=${tally}`,
    ...files,
  ];
  return run(process.execPath, args, { show }).then(
    () => undefined,
    (error) => {
      if (error instanceof StepFailed) return error;
      throw error;
    },
  );
}

/** The end of the spec reporter's account, where it repeats what failed. */
const failuresIn = (output) => output.slice(Math.max(0, output.indexOf("✖ failing tests:")));

const entriesOf = (tally) =>
  readFileSync(tally, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

export const count = (entries) => ({
  passed: entries.filter(({ outcome }) => outcome === "passed").length,
  failed: entries.filter(({ outcome }) => outcome === "failed").length,
  skipped: entries.filter(({ outcome }) => outcome === "skipped").length,
});

/** Those tests of which this came out, with where they stand and why. */
export const linesOf = (entries, wanted) =>
  entries
    .filter(({ outcome }) => outcome === wanted)
    .map(({ title, file, reason }) => `  ${title} (${relative(root, file ?? root)}): ${reason}`);
