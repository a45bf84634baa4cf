import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { contextsFile, isOpenRoad, readContexts, serverUrl, targetOf, writeContexts } from "./contexts.ts";
import { UsageError } from "./failure.ts";

const a = { server: "https://a.example", token: "edt_a", user: "alice" };
const b = { server: "https://b.example:3000", token: "edt_b" };
const contexts = { current: "a", contexts: { a, b } };

const targets: readonly (readonly [
  title: string,
  flags: Parameters<typeof targetOf>[0],
  environment: Parameters<typeof targetOf>[1],
  expected: ReturnType<typeof targetOf>,
])[] = [
  ["the context in use is used", {}, {}, { server: a.server, context: "a", token: "edt_a" }],
  ["another context can be named", { context: "b" }, {}, { server: b.server, context: "b", token: "edt_b" }],
  [
    "the environment's server goes over the context in use",
    {},
    { EDGEMERE_SERVER: b.server },
    { server: b.server, context: "b", token: "edt_b" },
  ],
  [
    "a server's token is found by its address",
    { server: "https://b.example:3000/" },
    {},
    { server: b.server, context: "b", token: "edt_b" },
  ],
  [
    "a strange server gets nobody's token",
    { server: "https://c.example" },
    {},
    { server: "https://c.example", context: undefined, token: undefined },
  ],
  [
    "the environment's token goes over all",
    { context: "b" },
    { EDGEMERE_TOKEN: "edt_c" },
    { server: b.server, context: "b", token: "edt_c" },
  ],
];
for (const [title, flags, environment, expected] of targets)
  test(title, () => {
    assert.deepEqual(targetOf(flags, environment, contexts), expected);
  });

test("without anything said, a control plane on this machine is meant", () => {
  assert.deepEqual(targetOf({}, {}, { contexts: {} }), {
    server: "http://127.0.0.1:3000",
    context: undefined,
    token: undefined,
  });
});

test("an unknown context is refused with the way to the known ones", () => {
  assert.throws(() => targetOf({ context: "c" }, {}, contexts), /there is no context "c"; edgemere context list/);
});

for (const text of ["control.example", "ftp://x", "https://alice:secret@x"])
  test(`"${text}" is refused as an address`, () => {
    assert.throws(() => serverUrl(text), UsageError);
  });

test("only plain HTTP to other machines counts as readable on the way", () => {
  assert.equal(isOpenRoad("http://control.example:3000"), true);
  assert.equal(isOpenRoad("http://127.0.0.1.evil.example"), true);
  assert.equal(isOpenRoad("https://control.example"), false);
  assert.equal(isOpenRoad("http://127.0.0.1:3000"), false);
  assert.equal(isOpenRoad("http://localhost"), false);
});

test("contexts are written for their owner's eyes only, and read again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-contexts-"));
  const file = contextsFile({ environment: { XDG_CONFIG_HOME: folder } });

  await writeContexts(file, contexts);

  assert.deepEqual(await readContexts(file), contexts);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await rm(folder, { recursive: true });
});

test("a damaged file of contexts is told with its name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-contexts-"));
  const file = join(folder, "contexts.yaml");
  await writeFile(file, "contexts: {a: 3}");

  await assert.rejects(readContexts(file), (error) => error instanceof UsageError && error.message.startsWith(file));
  await rm(folder, { recursive: true });
});
