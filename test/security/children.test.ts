import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { peakMemory } from "../faults/peaks.ts";
import { ask } from "../world/faces.ts";
import { newestNumber } from "../world/happenings.ts";
import { anHour, enormousHour, HostileChild, longHours } from "../world/hostile-child.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

let world: World;
let evil: HostileChild;
before(async () => {
  world = await startWorld({ devices: 1 });
  evil = await HostileChild.declared(world, "Evil", 3);
});
after(() => world[Symbol.asyncDispose]());

const MOST_MORE = 192;
const METRIC = "memory.used_percent";

const refusedOf = async (): Promise<Readonly<Record<string, number>>> => {
  const { refused } = await world.client.call("cpl/ta/child/find", { child: "Evil" });
  return Object.fromEntries(refused.map(({ reason, hours }) => [reason, hours]));
};
/** Samples that are known since then: the child hands up none. */
const ownSum = async (from: number) => {
  const asked = { metric: [METRIC], function: "count", from, step: "1m" } as const;
  const { series } = await world.client.call("cpl/ta/query", { ...asked, metric: [METRIC] });
  return series[0]?.overall ?? 0;
};

test("T41 what a child says in another's name, of times to come or gone, or without sense, is refused under its reason", async () => {
  const { origin: own } = await world.client.call("cpl/ta/parent/find", {});
  const now = Math.floor(Date.now() / HOUR) * HOUR;
  const device = (await world.client.call("cpl/dm/device/list", {})).items[0];

  const { status, body } = await evil.tell([
    anHour({ origin: own, device: device?.id ?? "" }),
    anHour({ origin: "another" }),
    anHour({ hour: now + 24 * HOUR }),
    anHour({ version: `000001.${"9".repeat(16)}.00000000` }),
    anHour({ hour: now - 400 * DAY }),
    anHour({ hour: now + 1 }),
    anHour({ gaps: [{ from: 0, to: 1, records: 1, reason: "x" }] }),
    anHour({ windows: randomBytes(200_000).toString("base64") }),
  ]);

  assert.equal(status, 200);
  const expected = {
    "own-origin": 1,
    "undeclared-origin": 1,
    future: 2,
    "too-old": 1,
    inconsistent: 2,
    unreadable: 1,
  };
  assert.deepEqual(
    Object.fromEntries(
      (body["refused"] as { reason: string; hours: number }[]).map((each) => [each.reason, each.hours]),
    ),
    expected,
  );
  assert.deepEqual(await refusedOf(), expected);
});

test("T41 some kilobytes that stand for gigabytes of sketches are refused before they are read", async () => {
  const before = await peakMemory(world.controlPlane.pid);
  const windows = enormousHour(600);
  assert.ok(windows.length < 360_000, `${windows.length} is refused for its length already`);

  const { status } = await evil.tell([anHour({ windows }), anHour({ device: "d2", windows })]);

  assert.equal(status, 200);
  assert.equal((await refusedOf())["too-large"], 2);
  const more = (await peakMemory(world.controlPlane.pid)) - before;
  assert.ok(more < MOST_MORE, `${Math.round(more)} MiB more`);
});

test("T41 a child tells of no more devices than it may, and the same word a thousand times is known once", async () => {
  const many = Array.from({ length: 200 }, (_, place) => anHour({ device: `d${place}` }));
  await evil.tell(many);
  assert.equal((await refusedOf())["too-many-devices"], 197);

  for (let time = 0; time < 5; time++) await evil.tell(Array.from({ length: 200 }, () => many[0] ?? anHour()));

  const { devices, taken, repeated } = await world.client.call("cpl/ta/child/find", { child: "Evil" });
  assert.deepEqual([devices, taken, repeated], [3, 3, 1_000]);
});

test("T41 a child that tells as much as it may of every device fills its own room and nobody else's, and is told of", async () => {
  const [atMost, since] = [1024 ** 2, await newestNumber(world)];
  const [greedy, good] = [
    await HostileChild.declared(world, "Greedy", 1_000, { origin: "greedy", bytesAtMost: atMost }),
    await HostileChild.declared(world, "Good", 3, { origin: "good" }),
  ];
  for (const device of ["d1", "d2", "d3", "d4", "d5", "d6", "d7"])
    assert.equal((await greedy.tell(longHours(0, { origin: "greedy", device }))).status, 200);

  const { bytes, taken, refused } = await world.client.call("cpl/ta/child/find", { child: "Greedy" });
  assert.ok(bytes <= atMost && bytes > atMost / 2, `${bytes} bytes of it`);
  assert.deepEqual(refused, [{ reason: "no-room", hours: 560 - taken }]);
  assert.ok(taken < 560);
  const { events } = await world.client.call("ia/event/list", { after: since, limit: 500 });
  assert.equal(events.filter(({ type }) => type === "child.full").length, 1);
  assert.deepEqual((await good.tell([anHour({ origin: "good" })])).body["refused"], []);
});

test("T41 a child that floods hides nothing of this control plane's devices and stops none", async () => {
  const from = Date.now();
  const before = await ownSum(from);
  const windows = enormousHour(20);
  const flood = Array.from({ length: 40 }, () => evil.tell(Array.from({ length: 20 }, () => anHour({ windows }))));

  await eventually(async () => (await ownSum(from)) > before + 3, "samples of a device while the child floods");

  for (const { status } of await Promise.all(flood)) assert.ok([200, 409, 413, 429, 503].includes(status), `${status}`);
  const { series } = await world.client.call("cpl/ta/query", { metric: [METRIC], by: ["child"] });
  assert.deepEqual(
    series.map(({ by }) => by["child"]),
    [""],
  );
});

test("T41 a child's token reports and nothing else, and who shows none of a child reports nothing", async () => {
  const { token } = await world.client.call("ia/token/create", { name: "none", permissions: ["telemetry:report"] });
  const stranger = { token, input: { after: "", position: "x", reports: [anHour()], waiting: 0, lost: 0 } };

  assert.equal((await ask(`${world.baseUrl}/edgemere/cpl/ta/child/report`, "POST", stranger)).status, 403);
  for (const path of ["cpl/ta/query", "cpl/ta/child/list", "cpl/dm/device/list"]) {
    const { status } = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { token, input: { metric: ["load"] } });
    assert.ok(status === 403 || status === 400, `${path}: ${status}`);
  }
});
