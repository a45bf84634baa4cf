import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { AGENT_VERSION } from "./version.ts";

test("the agent says the version of its package", () => {
  const manifest = createRequire(import.meta.url)("../package.json") as { readonly version: string };

  assert.equal(AGENT_VERSION, manifest.version);
});
