import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { InputOf, OutputOf } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { aDevice } from "../device.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import { BEGIN, reported, startChain } from "./chain.test-support.ts";
import * as contract from "./contract.ts";
import { aParent, aReport, bytesOf, minutes, tell } from "./hostile-child.test-support.ts";

const NOW = BEGIN + 2 * DAY;
const FIRST = NOW - 90 * MINUTE;
const ask = (world: World, input: InputOf<typeof contract.watchTelemetry> = {}, caller?: Partial<Caller>) =>
  world.call(contract.watchTelemetry, input, caller);
const told = ({ values }: OutputOf<typeof contract.watchTelemetry>) =>
  values.map(({ name, metric, value }) => `${name} ${metric} ${value}`);
const limited = { permissions: [], limited: [{ permission: "telemetry:read", selectors: ["site=x"] }] };

test("who follows a child's device is told its newest values, and then what the child tells of it", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0], [1]);
  await chain.advance(5 * MINUTE);

  const first = await ask(chain.centre, { device: "Region/gw-1" });
  const nothing = await ask(chain.centre, { device: "Region/gw-1", after: first.position });
  await reported(chain.edge, "d1", FIRST + HOUR, [0], [2]);
  await chain.advance(5 * MINUTE);
  const second = await ask(chain.centre, { device: "edge/d1", after: nothing.position });

  assert.deepEqual([first, nothing, second].map(told), [["Region/gw-1 load 1"], [], ["Region/gw-1 load 2"]]);
  assert.deepEqual(
    second.values.map(({ device, at }) => [device, at]),
    [["edge/d1", FIRST + HOUR]],
  );
});

test("an answer that waits for a child's device ends when the child tells of it, and not for what others say", async () => {
  await using world = await aParent();
  await world.store.commit(aDevice("own"));
  await tell(world, [aReport()]);
  const { position: after } = await ask(world, { device: "Edge/gw-1" });
  let isAnswered = false;
  const answer = ask(world, { device: "Edge/gw-1", after, patience: 10 * SECOND });
  void answer.then(() => (isAnswered = true));

  await reported(world, "own", NOW, [0], [5]);
  await world.advance(SECOND);
  const before = isAnswered;
  const later = { version: aReport().version.replace(/0$/, "1"), windows: bytesOf({ load: [minutes([1, 2, 9])] }) };
  await tell(world, [aReport(later)], "token:t1", "1");
  await world.advance(SECOND);

  assert.deepEqual([before, isAnswered], [false, true]);
  const { values, position } = await answer;
  assert.deepEqual(
    [values, told(await ask(world, { device: "Edge/gw-1", after: position }))],
    [[], ["Edge/gw-1 load 9"]],
  );
});

test("devices of children stand behind all others, are chosen by the label child, and each is told once", async () => {
  await using chain = await startChain();
  await chain.centre.store.commit(aDevice("own", { name: "zz" }));
  await reported(chain.edge, "d1", FIRST, [0], [1]);
  await reported(chain.edge, "d2", FIRST, [0], [2]);
  await reported(chain.centre, "own", FIRST, [0], [3]);
  await chain.advance(5 * MINUTE);

  const everything = await ask(chain.centre);
  assert.deepEqual(told(everything), ["zz load 3", "Region/gw-1 load 1", "Region/d2 load 2"]);
  assert.deepEqual(told(await ask(chain.centre, { selector: "child=Region, site=x" })), ["Region/gw-1 load 1"]);
  assert.deepEqual(told(await ask(chain.centre, { metric: ["none"] })), []);
  for (const [from, left] of [
    ["own", ["Region/gw-1 load 1", "Region/d2 load 2"]],
    ["edge/d1", ["Region/d2 load 2"]],
    ["edge/d2", []],
  ] as const)
    assert.deepEqual(told(await ask(chain.centre, { after: `${everything.position}.${from}` })), left);
});

test("an old hour that a child tells of anew is no newest value", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0], [1]);
  await chain.advance(5 * MINUTE);
  const { position: after } = await ask(chain.centre, { device: "Region/gw-1" });

  await reported(chain.edge, "d1", FIRST - 20 * HOUR, [0], [7]);
  await chain.advance(5 * MINUTE);

  assert.deepEqual(told(await ask(chain.centre, { device: "Region/gw-1", after })), []);
  const { series } = await chain.centre.call(contract.readHistory, { device: "Region/gw-1", from: FIRST - DAY });
  assert.deepEqual(series[0]?.value, [7, 1]);
});

test("who may see some devices only follows none of a child's, and nobody those of a child that is gone", async () => {
  await using chain = await startChain();
  await reported(chain.edge, "d1", FIRST, [0], [1]);
  await chain.advance(5 * MINUTE);

  assert.deepEqual(told(await ask(chain.centre, {}, limited)), []);
  await assert.rejects(ask(chain.centre, { device: "Region/gw-1" }, limited), {
    type: "not-found",
    message: 'there is no device "Region/gw-1"',
  });
  await chain.centre.call(contract.destroyChild, { child: "Region" });
  assert.deepEqual(told(await ask(chain.centre)), []);
  await assert.rejects(ask(chain.centre, { device: "edge/d1" }), { type: "not-found" });
});
