import assert from "node:assert/strict";
import test from "node:test";
import { readConfig } from "@edgemere/agent";
import { ConfigError } from "@edgemere/protocol/config";
import { SECOND } from "@edgemere/protocol/kit";
import { configOver } from "./settings.ts";

const fleet = { ...readConfig([], {}), sampleEvery: SECOND / 5, reportEvery: SECOND / 2 };

test("what is set from far away wins over the fleet, and what is not stays as the fleet is", () => {
  const { sampleEvery, reportEvery, logLevel } = configOver(fleet, { report: ["20s"], "log-level": ["debug"] });

  assert.deepEqual([sampleEvery, reportEvery, logLevel], [SECOND / 5, 20 * SECOND, "debug"]);
  assert.deepEqual(configOver(fleet, {}), fleet);
});

test("what no agent may be set to is refused in words", () => {
  assert.throws(() => configOver(fleet, { report: ["soon"] }), ConfigError);
});
