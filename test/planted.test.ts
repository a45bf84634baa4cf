import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { allowedImports, forbiddenImports } from "./planted-imports.ts";
import { lint, plant, plantedFile, repository, told, toldOf } from "./planted-tree.ts";

const breaches = [
  ["a floating promise", "floating-promise.ts", "typescript(no-floating-promises)"],
  ["a promise used as a condition", "promise-as-condition.ts", "typescript(no-misused-promises)"],
  ["an await of what is no promise", "await-of-a-value.ts", "typescript(await-thenable)"],
  ["a promise returned out of reach of its catch", "return-without-await.ts", "typescript(return-await)"],
  ["a switch with a hole", "switch-with-a-hole.ts", "typescript(switch-exhaustiveness-check)"],
  ["any", "explicit-any.ts", "typescript(no-explicit-any)"],
  ["a member of an unchecked value", "unsafe-member.ts", "typescript(no-unsafe-member-access)"],
  ["a thrown text", "thrown-text.ts", "typescript(only-throw-error)"],
  ["an undefined in a text", "possibly-undefined-in-text.ts", "typescript(restrict-template-expressions)"],
  ["a type imported as a value", "type-imported-as-value.ts", "typescript(consistent-type-imports)"],
  ["a non-null assertion", "non-null-assertion.ts", "typescript(no-non-null-assertion)"],
  ["an unexplained @ts-expect-error", "unexplained-ts-expect-error.ts", "typescript(ban-ts-comment)"],
  ["a default export", "default-export.ts", "import(no-default-export)"],
  ["an import cycle", "cycle-one.ts", "import(no-cycle)"],
  ["an import cycle from its other end", "cycle-two.ts", "import(no-cycle)"],
  ["an exit outside main.ts", "process-exit.ts", "unicorn(no-process-exit)"],
  ["an environment variable outside the configuration", "process-env.ts", "node(no-process-env)"],
  ["a console message", "console.ts", "eslint(no-console)"],
  ["a loose equality", "loose-equality.ts", "eslint(eqeqeq)"],
  ["Date in a core", "date.ts", "eslint(no-restricted-globals)"],
  ["Date reached through globalThis", "date-by-the-back-door.ts", "eslint(no-restricted-globals)"],
  ["performance in a core", "performance.ts", "eslint(no-restricted-globals)"],
  ["setTimeout in a core", "set-timeout.ts", "eslint(no-restricted-globals)"],
  ["setInterval in a core", "set-interval.ts", "eslint(no-restricted-globals)"],
  ["setImmediate in a core", "set-immediate.ts", "eslint(no-restricted-globals)"],
  ["Math.random in a core", "math-random.ts", "eslint(no-restricted-properties)"],
  ["AbortSignal.timeout in a core", "abort-timeout.ts", "eslint(no-restricted-properties)"],
] as const;

const core = (file: string): string => `control-plane/src/features/planted/${file}`;

/** One file per importer, with all that it imports. */
function importing(rows: readonly (readonly [string, string, ...string[]])[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [from, what] of rows) files[from] = `${files[from] ?? ""}export * from "${what}";\n`;
  return files;
}

const planted = (folder: string, files: readonly string[], place: (file: string) => string): Record<string, string> =>
  Object.fromEntries(files.map((file) => [place(file), plantedFile(`${folder}/${file}`)]));

test("oxlint finds every planted breach, and nothing else in its file", async () => {
  const findings = await lint(
    planted(
      "oxlint",
      breaches.map(([, file]) => file),
      core,
    ),
  );

  const found = breaches.map(([what, file]) => [what, (findings.get(core(file)) ?? []).map(({ rule }) => rule)]);
  assert.deepEqual(
    found,
    breaches.map(([what, , rule]) => [what, [rule]]),
  );
});

test("oxlint finds a hook that is called on a condition", async () => {
  const path = "control-plane/portal/parts/counter.tsx";

  const findings = await lint({ [path]: plantedFile("oxlint/conditional-hook.tsx") });

  assert.match(JSON.stringify(findings.get(path)), /rules-of-hooks/);
});

test("oxlint finds an exception that is not needed", async () => {
  const path = core("needless.ts");

  const findings = await lint({ [path]: plantedFile("oxlint/needless-exception.ts") });

  assert.match(JSON.stringify(findings.get(path)), /unused .*disable directive/i);
});

test("the outside world may be met where it enters", async () => {
  const paths = ["agent/src/main.ts", "protocol/src/kit/clock.ts", "agent/src/host/linux-host.ts"];

  const findings = await lint(Object.fromEntries(paths.map((path) => [path, plantedFile("oxlint/date.ts")])));

  assert.deepEqual([...findings.values()].flat(), []);
});

test("every import against the direction is refused with its reason", async () => {
  const findings = await lint(importing(forbiddenImports));

  const missed = forbiddenImports.filter(([from, what, reason]) =>
    (findings.get(from) ?? []).every((found) => !(found.reason.includes(`'${what}'`) && found.reason.includes(reason))),
  );
  assert.deepEqual(missed, []);
});

test("every import along the direction passes", async () => {
  const findings = await lint(importing(allowedImports));

  const refused = [...findings].flatMap(([from, found]) => found.map(({ rule, reason }) => [from, rule, reason]));
  assert.deepEqual(
    refused.filter(([, rule]) => rule === "eslint(no-restricted-imports)"),
    [],
  );
});

const refusedTypes = [
  ["assignment.ts", "TS2322"],
  ["enum.ts", "TS1294"],
  ["index-signature.ts", "TS4111"],
  ["missing-override.ts", "TS4114"],
  ["newer-node.ts", "TS2550"],
  ["unchecked-index.ts", "TS2532"],
  ["undefined-for-absent.ts", "TS2375"],
] as const;

for (const [workspace, folder] of [
  ["protocol", "protocol/src"],
  ["agent", "agent/src"],
  ["control-plane", "control-plane/src"],
  ["simulators", "simulators/src"],
  ["test", "test/journeys"],
] as const) {
  test(`the compiler refuses every planted type error in ${workspace}`, async () => {
    const files = planted(
      "tsc",
      refusedTypes.map(([file]) => file),
      (file) => `${folder}/${file}`,
    );

    const words = await toldOf(files, "tsc", "-p", workspace, "--noEmit", "--pretty", "false");

    const found = refusedTypes.map(([file]) => [
      file,
      words.match(new RegExp(`${folder}/${file}\\(.*error (TS\\d+)`))?.[1],
    ]);
    assert.deepEqual(found, refusedTypes);
  });
}

test("oxfmt refuses a line that is too long and a quote of the wrong kind, and passes a line that fits", async () => {
  const files = ["line-of-119.ts", "line-of-121.ts", "single-quotes.ts"];

  const words = await toldOf(
    planted("oxfmt", files, (file) => `protocol/src/${file}`),
    "oxfmt",
    "--check",
  );

  assert.deepEqual(
    files.filter((file) => words.includes(file)),
    ["line-of-121.ts", "single-quotes.ts"],
  );
});

test("knip finds a file, an export and a dependency that nobody asks for", async () => {
  const words = await toldOf(
    planted("knip", ["index.ts", "orphan.ts", "planted.ts", "unlisted.ts"], (file) => `protocol/src/${file}`),
    "knip",
    "--no-progress",
    "--no-config-hints",
  );

  assert.match(words, /^protocol\/src\/orphan\.ts/m);
  assert.match(words, /^unused .*protocol\/src\/planted\.ts/m);
  assert.match(words, /^systeminformation .*protocol\/src\/unlisted\.ts/m);
});

test("buf lint finds an enum without a zero value of its own", async () => {
  const words = await toldOf(
    { "protocol/proto/edgemere/v1/planted.proto": plantedFile("buf/enum-without-zero.proto") },
    "buf",
    "lint",
    "protocol",
  );

  assert.match(words, /planted\.proto:.*PLANTED_UNSPECIFIED|planted\.proto:.*_UNSPECIFIED/);
});

test("buf breaking finds a field that changed its type", async () => {
  using tree = plant({ "protocol/proto/edgemere/v1/planted.proto": plantedFile("buf/before.proto") });
  await told(tree.path, "buf", "build", "protocol", "-o", "before.binpb");
  writeFileSync(join(tree.path, "protocol/proto/edgemere/v1/planted.proto"), plantedFile("buf/after.proto"));

  const words = await told(tree.path, "buf", "breaking", "protocol", "--against", "before.binpb");

  assert.match(words, /planted\.proto:.*"reason".*changed type from "string" to "uint64"/);
});

test("the tally tells what passed, failed and was skipped, and that a file without tests is no success", async () => {
  const words = await toldOf(
    planted("node-test", ["facts.test.mjs", "nothing.test.mjs"], (file) => file),
    "node",
    "--test",
    `--test-reporter=${join(repository, "deploy/tally.mjs")}`,
    "facts.test.mjs",
    "nothing.test.mjs",
  );

  const entries = words
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { title: string; outcome: string });
  assert.deepEqual(
    entries.map(({ title, outcome }) => `${basename(title)} ${outcome}`),
    ["passes passed", "fails failed", "is skipped skipped", "nothing.test.mjs failed"],
  );
});

test("a package that refuses a Node we promise is named", async () => {
  const packages = {
    "node_modules/modest": { engines: { node: ">=18" } },
    "node_modules/proud": { engines: { node: ">=22" } },
  };

  const words = await toldOf(
    { "package-lock.json": JSON.stringify({ packages }) },
    "node",
    join(repository, "deploy/engines.mjs"),
  );

  assert.equal(words.trim(), "node_modules/proud wants Node >=22");
});
