import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, startWorld } from "../world/world.ts";

test("a sample of this machine travels from /proc to the control plane and survives a restart of it", async () => {
  await using world = await startWorld();
  await world.enrolAgent("gw1");

  const before = await eventually(async () => {
    const { values } = await world.client.call("cpl/ta/latest", { device: "gw1" });
    return values.find(({ metric }) => metric === "memory.total_bytes");
  }, "the first sample");
  await world.controlPlane.stop();
  await world.controlPlane.start();
  const after = await eventually(async () => {
    const { values } = await world.client.call("cpl/ta/latest", { device: "gw1" });
    const value = values.find(({ metric }) => metric === "memory.total_bytes");
    return value !== undefined && value.at > before.at ? value : undefined;
  }, "a sample from after the restart");

  assert.ok(before.value > 0);
  assert.equal(after.value, before.value);
  const { series, gaps } = await world.client.call("cpl/ta/history", { device: "gw1", metric: ["memory.total_bytes"] });
  assert.deepEqual(gaps, []);
  assert.ok(series[0]?.at.includes(before.at));
  assert.ok(series[0]?.at.includes(after.at));
});

test("every device of a fleet reports, and a device is found by what it is", async () => {
  await using world = await startWorld({ devices: 20, labels: { site: "berlin" } });

  const { items } = await eventually(async () => {
    const page = await world.client.call("cpl/dm/device/list", {
      selector: "site=berlin and presence=online",
      limit: 500,
    });
    return page.items.length === 20 && page;
  }, "twenty devices online");

  for (const { id } of items)
    await eventually(
      async () => (await world.client.call("cpl/ta/metrics", { device: id })).metrics.length > 0,
      `metrics of ${id}`,
    );
});

test("of a device that sums up by itself percentiles are those of what it measured, and not of its means", async () => {
  await using world = await startWorld();
  await using folder = await temporaryFolder("wave");
  const program = join(folder.path, "wave.mjs");
  // 1 and 1000 in turns: no mean of two neighbours is near either.
  await writeFile(
    program,
    `import { existsSync, rmSync, writeFileSync } from "node:fs";
const high = existsSync(${JSON.stringify(program)} + ".high");
if (high) rmSync(${JSON.stringify(program)} + ".high"); else writeFileSync(${JSON.stringify(program)} + ".high", "");
console.log("height " + (high ? 1000 : 1));
`,
  );
  const script = JSON.stringify([process.execPath, program]);
  const windows = ["--resolution", "10s", "--roll-up", "sketch", "--roll-up", "count"];
  await world.enrolAgent("gw1", ["--script", `wave=${script}`, "--every", "wave=1s", ...windows]);

  const values = async (metric: string, what: "sum" | "p50" | "p90") => {
    const input = { metric: [metric], selector: "name=gw1", function: what };
    return (await world.client.call("cpl/ta/query", input)).series[0]?.overall ?? 0;
  };
  await eventually(async () => (await values("wave.height:count", "sum")) >= 10, "a window of many samples");

  const [high, low] = [await values("wave.height", "p90"), await values("wave.height", "p50")];
  assert.ok(Math.abs(high - 1000) <= 10, `${high} of 1 and 1000`);
  assert.ok(Math.abs(low - 1) <= 0.01 || Math.abs(low - 1000) <= 10, `${low} of 1 and 1000`);
});
