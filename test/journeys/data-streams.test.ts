import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { asNobody } from "../world/databases.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const found = async ({ client }: World, expression: string) =>
  (await client.call("diml/dml/fmdm/query", { expression, limit: 500 })).items;
const sourceOf = async ({ client }: World, name: string) =>
  (await client.call("diml/dml/fmdm/datasource/list", { limit: 500 })).items.find((each) => each.name === name);

test("what a program on a device says is data in segments, over the death of the agent and of the program", async () => {
  await using world = await startWorld();
  const directory = join(world.folder, "ups");
  // A full segment, and one that stays open.
  const words = "seq 1 400; exec sleep 1000";
  const stream = [
    "--source-stream",
    `ups=${JSON.stringify(["/bin/sh", "-c", words])}`,
    "--source-segment",
    "ups=1h/1KiB",
  ];
  const agent = await world.enrolAgent("gw1", [
    "--source",
    `ups=${directory}`,
    ...stream,
    ...asNobody("ups"),
    "--tag",
    "ups:site=berlin",
  ]);
  const [first] = await eventually(async () => {
    const all = await found(world, "source:ups and site:berlin");
    return all.length > 0 && all;
  }, "the first segment to be known");

  const content = await readFile(join(directory, first?.name ?? ""), "utf8");
  assert.equal(first?.hash, createHash("sha256").update(content).digest("hex"));
  assert.equal(first.tags["lines"], String(content.split("\n").length - 1));
  assert.equal(first.tags["kind"], "log");
  assert.ok(Date.parse(first.tags["recorded_until"] ?? "") >= Date.parse(first.tags["recorded_from"] ?? ""));
  assert.equal((await sourceOf(world, "ups"))?.kind, "stream");

  await agent.kill();
  agent.run();
  const [second] = await eventually(async () => {
    const all = await found(world, "source:ups and cut:true");
    return all.length > 0 && all;
  }, "the segment that was open to be closed");
  const rest = await readFile(join(directory, second?.name ?? ""), "utf8");
  assert.equal(content + rest, Array.from({ length: 400 }, (_, i) => `${i + 1}\n`).join(""));
  await eventually(
    async () => (await found(world, "source:ups")).some(({ tags }) => Number(tags["gap_seconds"]) > 0),
    "the gap to be told",
  );
});

test("a stream that ends is told with its reason and the next try, and what it said stays", async () => {
  await using world = await startWorld();
  const directory = join(world.folder, "meter");
  const stream = [
    "--source-stream",
    `meter=${JSON.stringify(["/bin/sh", "-c", 'id -u; printf "all I know"; echo "the port is gone" >&2; exit 7'])}`,
  ];
  await world.enrolAgent("gw1", ["--source", `meter=${directory}`, ...stream, ...asNobody("meter")]);

  const source = await eventually(async () => {
    const row = await sourceOf(world, "meter");
    return row?.condition !== undefined && row.condition !== "" && row;
  }, "the end of the program to be told");
  assert.deepEqual([source.state, source.condition], ["ready", "the program ended with exit code 7: the port is gone"]);
  assert.ok((source.nextTryAt ?? 0) > source.createdAt);
  const [piece] = await eventually(async () => {
    const all = await found(world, "source:meter and cut:true");
    return all.length > 0 && all;
  }, "what it said to be data");
  const [user, ...rest] = (await readFile(join(directory, piece?.name ?? ""), "utf8")).split("\n");
  assert.notEqual(user, "0");
  assert.deepEqual(rest, ["all I know"]);
});
