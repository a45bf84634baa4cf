import assert from "node:assert/strict";
import { test } from "node:test";
import { Program } from "../world/program.ts";

const AT_LEAST = 1_000_000;

test("T24 T26 a million inputs that are made of good ones are taken or refused under a reason, and none does harm", async (context) => {
  const seed = process.env["EDGEMERE_SEED"] ?? "1";
  await using fuzz = new Program({ script: "test/dist/security/fuzz/main.js", args: ["--seed", seed] });

  const code = await fuzz.ended();

  context.diagnostic(fuzz.stdout);
  assert.equal(code, 0, fuzz.output);
  assert.ok(Number(/^(\d+) inputs from seed/m.exec(fuzz.stdout)?.[1]) >= AT_LEAST);
});
