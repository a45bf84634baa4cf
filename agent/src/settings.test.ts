import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "@edgemere/protocol/config";
import { silentLog } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { configure } from "./commands/handlers/configure.ts";
import type { HandlerContext } from "./commands/handlers/handler.ts";
import { readConfig } from "./config.ts";
import { mistakeInSetting, Settings, type Written } from "./settings.ts";

const argv = ["--sample", "5s", "--report", "20s", "--allow", "configure"];
const env = { EDGEMERE_AGENT_PROFILE: "normal" };

async function someSettings(disk = new SimulatedDisk(), flags: readonly string[] = argv) {
  const settings = await Settings.open({ disk, log: silentLog }, (over) => readConfig(flags, env, over));
  const told: number[] = [];
  settings.listen(async ({ sampleEvery }) => void told.push(sampleEvery));
  const run = (set: Written, reset: readonly string[] = []) => {
    const given = {
      set: Object.entries(set).map(([name, values]) => ({ name, values: [...values] })),
      reset: [...reset],
    };
    const mistake = configure.check?.(given as never);
    if (mistake !== undefined) throw new Error(mistake);
    return configure.run(given as never, { settings } as unknown as HandlerContext);
  };
  return { disk, settings, told, run };
}

test("what is set from far away wins over flags and environment, is told at once, and outlives the agent", async () => {
  const { disk, settings, told, run } = await someSettings();

  const outcome = await run({ sample: ["1s"], "log-level": ["debug"], every: ["cpu=1s", "disks=off"] });

  assert.deepEqual(outcome, {
    result: {
      settings: [
        { name: "every", values: ["cpu=1s", "disks=off"] },
        { name: "log-level", values: ["debug"] },
        { name: "sample", values: ["1s"] },
      ],
      hasChanged: true,
    },
  });
  assert.deepEqual([settings.config.sampleEvery, settings.config.logLevel, told], [1_000, "debug", [1_000]]);
  const again = await someSettings(disk);
  assert.equal(again.settings.config.sampleEvery, 1_000);
  assert.equal(again.settings.config.telemetry?.sources.disks, undefined);
});

test("a setting that is reset is again what the host says, and the same change twice changes once", async () => {
  const { settings, told, run } = await someSettings();
  await run({ sample: ["1s"], "log-level": ["warn"] });

  const outcome = await run({ "log-level": ["warn"] }, ["sample"]);
  const second = await run({}, ["sample"]);

  assert.equal(settings.config.sampleEvery, 5_000);
  assert.deepEqual(outcome, {
    result: { settings: [{ name: "log-level", values: ["warn"] }], hasChanged: true },
  });
  assert.ok("result" in second && second.result.hasChanged === false);
  assert.deepEqual(told, [1_000, 5_000]);
});

for (const [what, set, message] of [
  ["a value that is none", { sample: ["often"] }, /^sample: /],
  [
    "one good value and one that contradicts the host",
    { sample: ["1s"], report: ["500ms"] },
    /--report must be at least/,
  ],
  ["a source that there is not", { every: ["moon=1s"] }, /there is no such source/],
] as const)
  test(`of a change with ${what} nothing is taken, and it says which and why`, async () => {
    const { disk, settings, told, run } = await someSettings();

    const outcome = await run(set);

    assert.ok("reason" in outcome);
    assert.equal(outcome.reason, "bad-arguments");
    assert.match(outcome.detail, message);
    assert.deepEqual([settings.config.sampleEvery, told, await disk.read("settings")], [5_000, [], undefined]);
  });

for (const [name, message] of [
  ["allow", /cannot be set from far away; what can is profile, /],
  ["file-root", /cannot be set from far away/],
  ["script", /cannot be set from far away/],
  ["policy", /cannot be set from far away/],
  ["data", /could cut this device off, and is set on the host only/],
  ["constructor", /cannot be set from far away/],
] as const)
  test(`${name} is not set from far away`, async () => {
    const { run } = await someSettings();

    assert.match(mistakeInSetting(name) ?? "", message);
    assert.throws(() => run({ [name]: ["x"] }), message);
    assert.throws(() => run({}, [name]), message);
  });

test("a change that names nothing, one thing twice, or a setting without a value is refused", async () => {
  const { run } = await someSettings();

  assert.throws(() => run({}), /nothing is named/);
  assert.throws(() => run({ sample: ["1s"] }, ["sample"]), /sample: is named twice/);
  assert.throws(() => run({ every: [] }), /every: has no value/);
});

test("what was set and does not fit to what the host says now is left out, and the agent starts", async () => {
  const { disk, run } = await someSettings();
  await run({ report: ["10s"] });

  const { settings } = await someSettings(disk, ["--sample", "1m", "--report", "2m"]);

  assert.deepEqual([settings.config.reportEvery, settings.over], [120_000, {}]);
});

test("what somebody wrote into the kept settings and may not be set is left out", async () => {
  const disk = new SimulatedDisk();
  await disk.write("settings", Buffer.from(JSON.stringify({ allow: ["exec"], sample: ["2s"] })));

  const { settings } = await someSettings(disk);

  assert.deepEqual([settings.config.allow, settings.config.sampleEvery], [["configure"], 2_000]);
});

test("a bug while settings are read is no reason to leave them out", async () => {
  const open = (error: Error) =>
    Settings.open({ disk: new SimulatedDisk(), log: silentLog }, () => {
      throw error;
    });

  await assert.rejects(open(new Error("a bug")), /a bug/);
  await assert.rejects(open(new ConfigError("the host's own mistake")), ConfigError);
});
