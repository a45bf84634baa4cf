import assert from "node:assert/strict";
import { test } from "node:test";
import type { World } from "./aggregator.test-support.ts";
import { chainFigures } from "./chain-figures.ts";
import { declare } from "./chain.test-support.ts";
import { aParent, aReport, tell } from "./hostile-child.test-support.ts";
import * as contract from "./contract.ts";

const ROOM = 1024 ** 3;
const told = async ({ store }: World, name: string) => {
  const chain = { origin: "parent", childRoom: ROOM };
  const family = (await chainFigures({ store, telemetry: { chain } })).find((each) => each.name === name);
  return family?.samples.map(({ labels, value }) => [...Object.values(labels), value]);
};

test("the room of each child, what of it is taken and what was refused are told by its name", async () => {
  await using world = await aParent(1);
  await tell(world, [aReport(), aReport({ device: "one-too-many" }), aReport({ origin: "another" })]);
  const { bytes } = await world.call(contract.findChild, { child: "Edge" });

  assert.ok(bytes > 0);
  const sorted = async (name: string) => (await told(world, name))?.toSorted();
  assert.deepEqual(await sorted("edgemere_child_room_used_bytes"), [
    ["Edge", bytes],
    ["Evil", 0],
  ]);
  assert.deepEqual(await sorted("edgemere_child_room_bytes"), [
    ["Edge", ROOM],
    ["Evil", ROOM],
  ]);
  const refused = (await told(world, "edgemere_child_refused_hours")) ?? [];
  assert.deepEqual(
    refused.filter(([, , hours]) => hours !== 0),
    [
      ["Edge", "undeclared-origin", 1],
      ["Edge", "too-many-devices", 1],
    ],
  );
  assert.equal(refused.length, 2 * contract.reportRefusals.length);
});

test("of more children than there is room for those beyond are counted", async () => {
  await using world = await aParent();
  for (let each = 0; each < 99; each++)
    await declare(world, { name: `c${each}`, reporter: `r${each}`, origins: [`o${each}`] });

  assert.equal((await told(world, "edgemere_child_room_bytes"))?.length, 100);
  assert.deepEqual(await told(world, "edgemere_children_left_out"), [[1]]);
});
