import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { updated } from "../platform/change.ts";
import { memoryDatabase } from "../platform/database.ts";
import { device } from "./devices/contract.ts";
import * as contract from "./notifier/contract.ts";
import { createPolicy, destroyPolicy, findAlert } from "./policies/contract.ts";
import { Outside } from "./notifier.test-support.ts";
import { BEGIN, busy, startWorld, type World } from "./policies.test-support.ts";

const desk = { name: "desk", kind: "webhook", address: "https://desk.example.org/hook" } as const;
const hot = { name: "hot", condition: 'value("cpu.busy_percent") > 90' };
const notify = (...contacts: string[]) => [{ do: "notify" as const, contacts }];
const down = { status: 503, text: "closed" };
const up = { status: 200, text: "" };

async function watched(outside: Outside, over: Partial<Parameters<typeof startWorld>[0]> = {}): Promise<World> {
  const world = await startWorld({ ...over, outside });
  await world.call(contract.createContact, desk);
  await world.call(createPolicy, { ...hot, effects: notify("desk") });
  await world.advance(2 * SECOND);
  return world;
}
const noticesOf = async (world: World) => (await world.call(contract.listNotices, {})).items;
const statesOf = async (world: World) => (await noticesOf(world)).map(({ state }) => state);

test("who is named by a policy is told when an alert fires and when it is over, each once", async () => {
  const outside = new Outside();
  await using world = await watched(outside);

  await busy(world, "d1", 95);
  await busy(world, "d1", 96);
  await world.advance(10 * SECOND);
  assert.deepEqual(outside.said, ["firing d1/hot"]);
  await busy(world, "d1", 1);
  await world.advance(20 * SECOND);

  assert.deepEqual(outside.said, ["firing d1/hot", "resolved d1/hot"]);
  const [last] = await noticesOf(world);
  assert.deepEqual([last?.state, last?.attempts, last?.answer], ["delivered", 1, "200"]);
  assert.equal((await world.call(findAlert, { alert: "d1/hot" })).done, undefined, "the policy asks for nothing");
});

test("what happens within some seconds is one message to each contact", async () => {
  const outside = new Outside();
  await using world = await watched(outside);

  await busy(world, "d1", 95);
  await world.advance(SECOND);
  await busy(world, "d2", 95);
  await world.advance(10 * SECOND);

  assert.deepEqual(outside.said, ["firing d1/hot firing d2/hot"]);
});

test("who does not answer is tried again, with the same id and the same bytes, and the end waits for the beginning", async () => {
  const outside = new Outside();
  outside.answer = () => down;
  await using world = await watched(outside);
  await busy(world, "d1", 95);
  await world.advance(10 * SECOND);
  await busy(world, "d1", 1);
  await world.advance(MINUTE);
  assert.ok(outside.posts.length > 2);
  assert.deepEqual(new Set(outside.said), new Set(["firing d1/hot"]));
  assert.equal((await noticesOf(world)).at(-1)?.answer, "503 closed");
  const stateOf = async () => {
    const { state, reason } = await world.call(contract.findContact, { contact: "desk" });
    return [state, reason];
  };
  assert.deepEqual(await stateOf(), ["failing", "503 closed"]);

  outside.answer = () => up;
  await world.advance(3 * MINUTE);

  assert.deepEqual(await stateOf(), ["working", ""]);
  const told = (await world.eventTypes()).filter((type) => /^contact\.(failing|working)$/.test(type));
  assert.deepEqual(told, ["contact.working", "contact.failing", "contact.working"]);
  assert.deepEqual(outside.said.slice(-2), ["firing d1/hot", "resolved d1/hot"]);
  const firing = outside.posts.slice(0, -1);
  assert.equal(new Set(firing.map(({ headers, body }) => [headers["webhook-id"], body].join(" "))).size, 1);
  assert.notEqual(firing[0]?.headers["webhook-timestamp"], firing.at(-1)?.headers["webhook-timestamp"]);
});

test("what was tried is never added to, for the other side may have seen it", async () => {
  const outside = new Outside();
  outside.answer = () => down;
  await using world = await watched(outside);
  await busy(world, "d1", 95);
  await world.advance(10 * SECOND);
  await busy(world, "d2", 95);
  outside.answer = () => up;
  await world.advance(3 * MINUTE);

  assert.deepEqual(outside.said.slice(-2), ["firing d1/hot", "firing d2/hot"]);
});

test("what is not taken for as long as is tried is given up, and what waited behind it goes on; a person can have it sent again", async () => {
  const outside = new Outside();
  outside.answer = () => down;
  await using world = await watched(outside);
  await busy(world, "d1", 95);
  await world.advance(10 * SECOND);
  await busy(world, "d1", 1);
  await world.advance(8 * MINUTE);
  assert.deepEqual(await statesOf(world), ["givenup", "givenup"]);
  const tries = outside.posts.length;
  await world.advance(5 * MINUTE);
  assert.equal(outside.posts.length, tries);

  outside.answer = () => up;
  const given = (await noticesOf(world)).at(-1);
  await world.call(contract.retryNotice, { notice: given?.id ?? "" });
  await world.advance(10 * SECOND);

  assert.deepEqual([outside.said.at(-1), await statesOf(world)], ["firing d1/hot", ["givenup", "delivered"]]);
  await assert.rejects(world.call(contract.retryNotice, { notice: given?.id ?? "" }), /the notice is delivered/);
});

test("what the other side will never take is refused at once, and tells why", async () => {
  const outside = new Outside();
  outside.answer = () => ({ status: 410, text: "gone\r\nfor good" });
  await using world = await watched(outside);
  await busy(world, "d1", 95);
  await world.advance(2 * MINUTE);

  const [row] = await noticesOf(world);
  assert.deepEqual([row?.state, row?.attempts, row?.answer], ["refused", 1, "410 gone for good"]);
  assert.deepEqual(
    (await world.eventTypes()).filter((type) => type.startsWith("notice.") && type !== "notice.updated"),
    ["notice.create", "notice.waiting", "notice.refused"],
  );
});

test("a contact that asks for patience gets it", async () => {
  const outside = new Outside();
  outside.answer = () => ({ status: 429, text: "slowly", retryAfter: 3 * MINUTE });
  await using world = await watched(outside);
  await busy(world, "d1", 95);
  await world.advance(2 * MINUTE);
  assert.equal(outside.posts.length, 1);
  await world.advance(2 * MINUTE);
  assert.equal(outside.posts.length, 2);
});

test("a contact gets no more messages in a minute than it wants", async () => {
  const outside = new Outside();
  await using world = await watched(outside);
  await world.call(contract.updateContact, { contact: "desk", perMinute: 1, groupFor: 0 });
  for (const value of [95, 1, 95, 1]) {
    await busy(world, "d1", value);
    await world.advance(3 * SECOND);
  }
  assert.equal(outside.posts.length, 1);
  await world.advance(3 * MINUTE);

  assert.deepEqual(outside.said.join(" "), "firing d1/hot resolved d1/hot firing d1/hot resolved d1/hot");
});

test("one contact that hangs keeps no other from being told", async () => {
  const outside = new Outside();
  let release = (_: typeof up) => {};
  const hanging = new Promise<typeof up>((resolve) => (release = resolve));
  outside.answer = (to) => (to === desk.address ? hanging : up);
  await using world = await watched(outside);
  await world.call(contract.createContact, { ...desk, name: "watch", address: "https://watch.example.org" });
  await world.call(createPolicy, { ...hot, name: "warm", effects: notify("watch") });
  await world.advance(2 * SECOND);
  await busy(world, "d1", 95);
  await world.advance(20 * SECOND);

  assert.deepEqual(outside.posts.map(({ url }) => url).toSorted(), [desk.address, "https://watch.example.org"]);
  assert.deepEqual((await statesOf(world)).toSorted(), ["delivered", "waiting"]);
  release(up);
  await world.advance(SECOND);
  assert.deepEqual(await statesOf(world), ["delivered", "delivered"]);
});

test("a control plane that dies while it sends sends the same again when it is back, and forgets nothing that was not sent", async () => {
  // One control plane after another over the same rows.
  const database = { ...memoryDatabase(), close: async () => {} };
  const outside = new Outside();
  {
    outside.answer = () => ({ status: 0, text: "", isGivenUp: true });
    await using world = await watched(outside, { database });
    await busy(world, "d1", 95);
    await world.advance(10 * SECOND);
    await busy(world, "d2", 95);
    await world.advance(2 * SECOND);
  }
  outside.answer = () => up;
  await using again = await startWorld({ database, outside, at: BEGIN + 2 * MINUTE });
  await again.advance(30 * SECOND);

  assert.deepEqual([...new Set(outside.said)], ["firing d1/hot", "firing d2/hot"]);
  assert.equal(new Set(outside.posts.map(({ headers }) => headers["webhook-id"])).size, 2);
  assert.deepEqual(await statesOf(again), ["delivered", "delivered"]);
});

test("whose secret is kept can check that a message is ours, and the secret is told once and in no event", async () => {
  const outside = new Outside();
  await using world = await startWorld({ outside });
  const { newSecret: secret = "" } = await world.call(contract.createContact, desk);
  await world.call(contract.testContact, { contact: "desk" });
  await world.advance(5 * SECOND);

  const [post] = outside.posts;
  assert.ok(post);
  const { headers, body } = post;
  const signed = [headers["webhook-id"], headers["webhook-timestamp"], body].join(".");
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  assert.equal(headers["webhook-signature"], `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  assert.deepEqual(outside.said, ["test"]);
  assert.deepEqual(Object.keys(await world.call(contract.findContact, { contact: "desk" })).toSorted(), [
    "address",
    "author",
    "createdAt",
    "groupFor",
    "kind",
    "name",
    "perMinute",
    "reason",
    "state",
    "updatedAt",
  ]);
  const { newSecret: renewed } = await world.call(contract.updateContact, { contact: "desk", renew: true });
  assert.ok(renewed !== undefined && renewed !== secret);
  const events = JSON.stringify(await world.store.events(0, 1_000));
  assert.doesNotMatch(events, /whsec_|sealed/);
});

test("a contact that a policy names is not destroyed, and is told who names it", async () => {
  const outside = new Outside();
  outside.answer = () => down;
  await using world = await watched(outside);
  await busy(world, "d1", 95);
  await world.advance(10 * SECOND);

  await assert.rejects(
    world.call(contract.destroyContact, { contact: "desk" }),
    /the contact "desk" is named by the policies hot: take it out of their effects first/,
  );
  await world.call(destroyPolicy, { policy: "hot" });
  await world.call(contract.destroyContact, { contact: "desk" });
  await world.advance(MINUTE);

  assert.deepEqual(
    (await noticesOf(world)).map(({ state, answer }) => `${state}: ${answer}`),
    ["givenup: its contact was destroyed"],
  );
});

test("a policy names contacts that are there, by who may use them", async () => {
  await using world = await startWorld({ outside: new Outside() });
  const saving = (caller = {}) => world.call(createPolicy, { ...hot, effects: notify("desk") }, caller);

  await assert.rejects(saving(), /there is no contact "desk"/);
  await world.call(contract.createContact, desk);
  await assert.rejects(saving({ permissions: ["policy:write"] }), /needs the permission contact:use/);
  await saving({ permissions: ["policy:write", contract.USING] });
});

test("a mail goes to its contact with what a webhook would be told, and its words are one line each", async () => {
  const outside = new Outside();
  outside.answer = () => ({ status: 250, text: "queued" });
  await using world = await startWorld({ outside });
  await world.call(contract.createContact, { name: "night", kind: "mail", address: "night@example.org" });
  await world.call(createPolicy, { ...hot, effects: notify("night") });
  const row = await world.store.get(device, "d1");
  assert.ok(row);
  await world.store.commit(updated(device, row, { name: "gw\r\nBcc: eve@example.org" }));
  await world.advance(2 * SECOND);
  await busy(world, "d1", 95);
  await world.advance(10 * SECOND);

  const [{ to, subject, messageId } = {}, second] = outside.mails;
  assert.deepEqual([to, subject], ["night@example.org", "[firing] hot on gw Bcc: eve@example.org (warning)"]);
  assert.match(messageId ?? "", /^<[0-9A-Z]{26}@fleet.test>$/);
  assert.equal(second, undefined);
  const signed = { ...desk, name: "x", kind: "mail" as const, secret: `whsec_${"A".repeat(44)}` };
  await assert.rejects(world.call(contract.createContact, signed), /mail is not signed/);
});

test("what is over is forgotten after its time", async () => {
  const database = { ...memoryDatabase(), close: async () => {} };
  const outside = new Outside();
  {
    await using world = await watched(outside, { database });
    await busy(world, "d1", 95);
    await world.advance(10 * SECOND);
    assert.deepEqual(await statesOf(world), ["delivered"]);
  }
  await using again = await startWorld({ database, outside, at: BEGIN + 3 * HOUR });
  assert.deepEqual(await statesOf(again), []);
});

test("who is told of a group hears what it is called, whatever somebody wrote into the label, once for all of its devices", async () => {
  const outside = new Outside();
  await using world = await startWorld({ outside });
  const site = "<b>x</b>/../\u202eoslo";
  for (const id of ["d1", "d2"]) {
    const row = await world.store.get(device, id);
    if (row !== undefined) await world.store.commit(updated(device, row, { labels: { site } }));
  }
  await world.call(contract.createContact, desk);
  const condition = 'average(value("cpu.busy_percent")) > 90';
  await world.call(createPolicy, { name: "hot", per: "site", condition, effects: notify("desk") });
  await world.advance(5 * SECOND);

  await busy(world, "d1", 95);
  await busy(world, "d2", 97);
  await world.advance(10 * SECOND);

  const alert = `@site=${site}/hot`;
  const [told] = (await noticesOf(world)).flatMap((each) => each.told);
  assert.deepEqual([told?.alert, told?.device, told?.group, told?.name], [alert, "", `site=${site}`, `site=${site}`]);
  assert.equal((await noticesOf(world)).length, 1);
  assert.equal((await world.call(findAlert, { alert })).state, "firing");
});

test("an alert is told of also after more has happened than is looked at in one go, none of it about alerts", async () => {
  const outside = new Outside();
  await using world = await watched(outside);
  for (let i = 0; i < 700; i++) {
    const row = await world.store.get(device, "d2");
    assert.ok(row);
    await world.store.commit(updated(device, row, { labels: { i: String(i) } }));
  }
  await world.advance(5 * SECOND);

  await busy(world, "d1", 95);
  await world.advance(20 * SECOND);

  assert.deepEqual(outside.said, ["firing d1/hot"]);
});
