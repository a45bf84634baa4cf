import assert from "node:assert/strict";
import { test } from "node:test";
import { someContent } from "../world/files.ts";
import { startSite } from "../world/site.ts";
import { startWorld, type World } from "../world/world.ts";

const BYTES = 2 * 1024 ** 2;
const DEVICES = 8;

test("over a site's line data comes about once, however many devices of the site need it, and a new version only where it is new", async () => {
  await using world = await startWorld();
  await using site = await startSite(world, { devices: DEVICES, isShared: true });
  const content = someContent(BYTES);

  const first = await site.bring("map.bin", content);

  assert.ok(first >= BYTES && first <= 1.05 * BYTES, `${first} bytes for ${BYTES}`);
  const newer = Buffer.concat([content.subarray(0, BYTES / 2), Buffer.from("a new road"), content.subarray(BYTES / 2)]);

  const second = await site.bring("map.bin", newer);

  assert.ok(second < BYTES / 8, `${second} bytes for what changed: ${await fetchesIn(world)}`);
});

/** Who fetched how much from where, in words. */
async function fetchesIn({ client }: World): Promise<string> {
  const words: string[] = [];
  for (const { id, kind } of (await client.call("cpl/dm/job/list", { limit: 100 })).items) {
    if (kind !== "data.put") continue;
    const [command] = (await client.call("cpl/dm/job/find", { job: id })).commands;
    words.push([command?.device, command?.state, command?.detail, JSON.stringify(command?.result)].join(" "));
  }
  return words.join("; ");
}

test("devices that give each other nothing fetch their data each for itself", async () => {
  await using world = await startWorld();
  await using site = await startSite(world, { devices: 3, isShared: false });

  const used = await site.bring("map.bin", someContent(BYTES));

  assert.ok(used >= 3 * BYTES, `${used} bytes for ${BYTES}`);
});
