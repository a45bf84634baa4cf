import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import { moved } from "../platform/change.ts";
import { startYard, type Yard, type YardDevice } from "./data-yard.test-support.ts";
import { device } from "./devices/contract.ts";
import { fetchFile, file, findNeighbours } from "./files/contract.ts";

const CONTENT = "what was captured";
const HASH = createHash("sha256").update(CONTENT).digest("hex");
const NAME = `${HASH.slice(0, 16)}-a.pcap`;
const fleet: Readonly<Record<string, YardDevice>> = {
  gw1: { files: { "a.pcap": CONTENT } },
  // There is no room for a copy.
  b1: { site: "berlin", mounts: true, freeBytes: 1 },
  b2: { site: "berlin" },
};
const wish = { query: "name:a.pcap", device: "b1", use: "mount", lifetime: 5_400 };
const as = (id: string) =>
  ({ actor: `device:${id}`, session: `of-${id}`, via: "device", permissions: ["file:fetch"] }) as const;
const read = async (yard: Yard, id: string) => {
  const { content } = await yard.call(fetchFile, { command: HASH, from: 0, limit: 1_000 }, as(id));
  return Buffer.from(content, "base64").toString();
};
const standing = async (yard: Yard) =>
  (await yard.instances()).map(({ decision, state, path, heldBytes }) => [decision, state, path, heldBytes]);

test("data is mounted where it has no room: nothing of it is moved there, and it is read from the centre for as long as it is needed", async () => {
  await using yard = await startYard(fleet);
  const plan = await yard.ask("diml/plan", { query: wish.query, device: "b1", use: "mount" });
  assert.deepEqual((plan as { cost: object }).cost, { bytes: 0, readBytes: CONTENT.length, money: 0, milliseconds: 0 });
  const request = await yard.find(wish);
  await assert.rejects(read(yard, "b1"), /no command of yours/);

  await yard.pass(30);

  assert.deepEqual(await standing(yard), [["mount", "ready", `/mnt/edgemere/${NAME}`, 0]]);
  assert.deepEqual([...yard.shown], [`b1/${NAME}`]);
  assert.deepEqual([yard.moved.fetched, yard.held.get("b1")?.size], [0, 0]);
  const { causes } = await yard.explain(request.id);
  assert.match(causes.at(-1)?.text ?? "", /is mounted at .*: what is read of it is fetched then/);
  // What is only handed on is kept for an hour here, and what is mounted for as long as it is.
  await yard.advance(75 * MINUTE);
  assert.equal(await read(yard, "b1"), CONTENT);
  assert.deepEqual(await yard.call(findNeighbours, { command: HASH }, as("b1")), { permit: "", neighbours: [] });
  await assert.rejects(read(yard, "b2"), /no command of yours/);

  await yard.advance(16 * MINUTE);
  await yard.pass(30);

  assert.deepEqual(await yard.instances(), []);
  assert.deepEqual([...yard.shown], []);
  await assert.rejects(read(yard, "b1"), /no command of yours/);
  await yard.advance(11 * MINUTE);
  assert.deepEqual((await yard.store.list(file)).items, []);
  assert.deepEqual(
    (await yard.sources()).map(({ placingBytes, reservedBytes }) => placingBytes + reservedBytes),
    (await yard.sources()).map(() => 0),
  );
});

test("where a device cannot mount, that is said before a byte moves", async () => {
  await using yard = await startYard(fleet);
  const plan = (await yard.ask("diml/plan", { query: wish.query, device: "b2", use: "mount" })) as { refusal: string };
  const request = await yard.find({ ...wish, device: "b2" });

  await yard.pass(5);

  assert.match(plan.refusal, /it cannot be mounted in "data": its device names no mount-folder/);
  const { causes } = await yard.explain(request.id);
  assert.match(causes[0]?.text ?? "", /it cannot be mounted in "data": its device names no mount-folder/);
  assert.equal(yard.moved.sent, 0);
});

test("what is mounted is stale when its source changed, and is mounted anew where it is kept", async () => {
  await using yard = await startYard(fleet);
  await yard.find({ ...wish, keep: true });
  await yard.pass(30);

  yard.held.get("gw1")?.set("a.pcap", "something new");
  await yard.pass(60);
  await yard.advance(10 * MINUTE);
  await yard.pass(60);

  const hash = createHash("sha256").update("something new").digest("hex");
  assert.deepEqual(
    (await yard.instances()).map((each) => [each.state, each.hash]),
    [["ready", hash]],
  );
  assert.deepEqual([...yard.shown], [`b1/${hash.slice(0, 16)}-a.pcap`]);
  await assert.rejects(read(yard, "b1"), /no command of yours/);
});

test("what is mounted is lost with its device, and there again when that is", async () => {
  await using yard = await startYard(fleet);
  await yard.find(wish);
  await yard.pass(30);

  await yard.setPresence("b1", "offline");
  await yard.pass(5);
  assert.deepEqual(
    (await standing(yard)).map(([, state]) => state),
    ["lost"],
  );
  await yard.setPresence("b1", "online");
  await yard.pass(5);
  assert.deepEqual(
    (await standing(yard)).map(([, state]) => state),
    ["ready"],
  );
  const row = await yard.store.get(device, "b1");
  assert.ok(row);
  await yard.store.commit(moved(device, row, "retire", { presence: "offline" }));
  await yard.pass(5);

  assert.deepEqual(
    (await standing(yard)).map(([, state]) => state),
    ["lost"],
  );
  await assert.rejects(read(yard, "b1"), /only a device that is active/);
});

test("two requests may have the same data mounted in one place, and the first that ends takes nothing from the other", async () => {
  await using yard = await startYard(fleet);
  const first = await yard.find(wish);
  await yard.pass(30);
  await yard.find(wish);
  await yard.pass(30);
  assert.equal((await yard.instances()).length, 2);
  const [own] = (await yard.instances()).filter(({ request }) => request === first.id);

  await yard.ask("diml/dml/do/datainstance/destroy", { id: own?.id });
  await yard.pass(30);

  assert.deepEqual([...yard.shown], [`b1/${NAME}`]);
  assert.equal(await read(yard, "b1"), CONTENT);
});

test("a policy that mounts what was to be copied takes no room, and one that copies what was to be mounted is refused for want of it", async () => {
  const decided = (decision: "mount" | "copy") => async () => () => ({ decision, reason: "so it is" });
  {
    await using yard = await startYard({ ...fleet, b1: { mounts: true } }, { placementPolicy: decided("mount") });
    await yard.find({ ...wish, use: "copy" });
    await yard.pass(30);
    assert.deepEqual(
      (await standing(yard)).map(([decision, state]) => [decision, state]),
      [["mount", "ready"]],
    );
    assert.ok((await yard.sources()).every((each) => each.placingBytes === 0 && each.reservedBytes === 0));
  }
  await using yard = await startYard(fleet, { placementPolicy: decided("copy") });
  const request = await yard.find(wish);
  await yard.pass(5);
  assert.match((await yard.explain(request.id)).causes[0]?.text ?? "", /planned to be mounted: no room is held/);
});
