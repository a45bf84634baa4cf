import assert from "node:assert/strict";
import { test } from "node:test";
import { noChecksums, pack, recordChecksum, setChecksum, v1 } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { DEVICE } from "./control-plane.test-support.ts";
import { aLink, event } from "./link.test-support.ts";

const detailsOf = (centre: Awaited<ReturnType<typeof aLink>>["centre"]) =>
  centre.heardOf("event").flatMap(({ message }) => message.records.map(({ agentEvent }) => agentEvent?.detail));

test("a Hello tells the period of the clock, what is wrong, and the newest generation that was heard", async () => {
  const { link, centre, clock, duty, time } = await aLink();
  duty.wrong = ["safe-mode"];
  link.start();
  await clock.advance(SECOND);

  const [hello] = centre.heardOf("hello");
  assert.deepEqual(
    [hello?.message.clockPeriod, hello?.message.conditions, hello?.message.generation],
    [time.period, ["safe-mode"], 4],
  );
  assert.ok(time.period > 0);
  await link[Symbol.asyncDispose]();
});

test("what begins or ceases to be wrong during a session is told as an event", async () => {
  const { link, centre, clock, duty } = await aLink();
  link.start();
  await clock.advance(SECOND);
  duty.wrong = ["safe-mode"];
  await clock.advance(MINUTE);
  assert.deepEqual(link.status().conditions, ["safe-mode"]);
  duty.wrong = [];
  await clock.advance(MINUTE);

  assert.deepEqual(detailsOf(centre), ["safe-mode set", "safe-mode cleared"]);
  await link[Symbol.asyncDispose]();
});

test("records carry the period of the clock they were made by, and a batch says how to read it", async () => {
  const { link, spool, centre, clock, time } = await aLink();
  link.start();
  await clock.advance(SECOND);
  await spool.append("event", event("before"));
  const first = time.period;
  clock.step(-10 * HOUR);
  await spool.append("event", event("after"));
  await clock.advance(SECOND);

  const batches = centre.heardOf("event").map(({ message }) => message);
  const records = batches.flatMap((batch) =>
    batch.records.map(({ atMs, clockPeriod }) => ({
      at: atMs + (batch.clocks.find((each) => each.clockPeriod === clockPeriod)?.offsetMs ?? Number.NaN),
      clockPeriod,
    })),
  );
  assert.deepEqual(
    records.map(({ clockPeriod }) => clockPeriod),
    [first, time.period],
  );
  assert.notEqual(first, time.period);
  for (const { at } of records) assert.ok(Math.abs(at - centre.now()) <= 2 * SECOND, String(at));
  await link[Symbol.asyncDispose]();
});

test("a device that the broker does not let hear says so, and comes back without hurry", async () => {
  const { link, centre, clock } = await aLink();
  centre.refusedTopics = ["edgemere/v1/device-1/down/sync"];
  centre.answersHello = false;
  link.start();
  await clock.advance(10 * MINUTE);

  const hellos = centre.heardOf("hello");
  assert.ok(hellos.length >= 2 && hellos.length < 12, `${hellos.length} hellos`);
  assert.ok(hellos.every(({ message }) => message.conditions.includes("cannot-receive")));
  assert.equal(link.isConnected, false);
  assert.match(link.status().lastFailure?.reason ?? "", /does not let this device hear/);
  await link[Symbol.asyncDispose]();
});

test("a device that nobody answers says goodbye, so that it does not look as if it were there", async () => {
  const { link, centre, clock } = await aLink();
  centre.answersHello = false;
  link.start();
  await clock.advance(31 * SECOND);

  const [{ message: bye } = { message: undefined }] = centre.heardOf("bye");
  assert.deepEqual([bye?.sessionEpoch, bye?.reason], [1, "the control plane did not answer the hello"]);
  await link[Symbol.asyncDispose]();
});

const whoIsThere = pack("sync", { device: DEVICE }, { sessionEpoch: 0 });

test("a device in a session that is asked who is there says hello once more", async () => {
  const { link, centre, clock } = await aLink();
  link.start();
  await clock.advance(MINUTE);
  centre.say(whoIsThere);
  centre.say(whoIsThere);
  await clock.advance(100);

  const hellos = centre.heardOf("hello").map(({ message }) => message.sessionEpoch);
  assert.deepEqual(hellos, [1, 1]);
  assert.equal(link.isConnected, true);
  await link[Symbol.asyncDispose]();
});

test("a device whose hello got lost says it again soon after it is asked who is there", async () => {
  const { link, centre, clock } = await aLink();
  centre.answersHello = false;
  link.start();
  await clock.advance(SECOND);
  centre.answersHello = true;
  centre.say(whoIsThere);
  await clock.advance(5 * SECOND);

  assert.equal(centre.heardOf("hello").length, 2);
  assert.equal(link.isConnected, true);
  await link[Symbol.asyncDispose]();
});

for (const [what, isOther] of [
  ["has other records than are stored under their numbers says so before any of them counts as delivered", true],
  ["has the records that are stored has nothing to say of them", false],
] as const)
  test(`a device that ${what}`, async () => {
    const before = await aLink();
    for (const detail of ["a", "b", "c"]) await before.spool.append("event", event(detail));
    const [, second] = await before.spool.read("event", 1, { bytes: 10_000, records: 3 });
    await before.link[Symbol.asyncDispose]();
    await before.spool.close();
    const checksums = noChecksums();
    const stored = second && v1.Record.encode(second.record).finish();
    setChecksum(checksums, 2, recordChecksum(stored ?? new Uint8Array()) + (isOther ? 1 : 0));

    const { link, spool, centre, clock } = await aLink({ disk: before.disk });
    centre.watermarks.set("event", 2);
    const keptWhenSaid: number[] = [];
    centre.sync = (hello) => {
      if (hello !== undefined) keptWhenSaid.push(spool.unacknowledged);
      return { acknowledgements: [{ stream: "event", upTo: 2, checksums }] };
    };
    link.start();
    await clock.advance(SECOND);

    const said = centre.heardOf("hello").map(({ message }) => message.contradictedStreams);
    assert.deepEqual(said, isOther ? [[], ["event"]] : [[]]);
    assert.deepEqual(keptWhenSaid, isOther ? [3, 3] : [3]);
    assert.deepEqual(centre.stored, ["c"]);
    assert.equal(link.isConnected, true);
    await link[Symbol.asyncDispose]();
  });

test("an outdated copy of the control plane is not obeyed, and not asked again in a hurry", async () => {
  const { link, spool, centre, clock, duty } = await aLink();
  await spool.append("event", event("a"));
  centre.head = () => ({ generation: 2, cancelledCommands: ["c1"] });
  centre.watermarks.set("event", 1);
  duty.isObeying = false;
  link.start();
  await clock.advance(10 * MINUTE);

  assert.ok(duty.calls.length >= 2 && duty.calls.length < 12);
  assert.ok(duty.calls.every((call) => call === "hear 2"));
  assert.equal(spool.unacknowledged, 1);
  await link[Symbol.asyncDispose]();
});

test("devices that lose their session together come back spread over the time that was asked for", async () => {
  const pauses: number[] = [];
  for (let seed = 1; seed <= 30; seed++) {
    const { link, centre, clock, time } = await aLink({ seed });
    centre.sync = () => ({ limits: { reconnectSpreadMs: MINUTE } });
    link.start();
    await clock.advance(6 * MINUTE);
    const lostAt = clock.monotonic();
    centre.lose();
    await clock.advance(100);
    pauses.push((link.status().nextTryAt ?? 0) - time.correctedNow() + (clock.monotonic() - lostAt));
    await link[Symbol.asyncDispose]();
  }

  const [least, most] = [Math.min(...pauses), Math.max(...pauses)];
  assert.ok(least >= 0 && least < 20 * SECOND && most > 40 * SECOND && most <= MINUTE, `${least} to ${most}`);
});

test("an agent that is started again during a pause waits for the rest of it", async () => {
  const first = await aLink();
  first.centre.sync = () => ({ limits: { reconnectSpreadMs: 5 * MINUTE } });
  first.link.start();
  await first.clock.advance(SECOND);
  first.centre.lose();
  await first.clock.advance(SECOND);
  const due = first.link.status().nextTryAt ?? 0;
  await first.link[Symbol.asyncDispose]();

  const { disk, centre, clock } = first;
  const second = await aLink({ disk, centre, clock });
  second.link.start();
  await clock.advance(due - first.time.correctedNow() - 1);
  assert.equal(centre.heardOf("hello").length, 1);
  await clock.advance(SECOND);

  assert.equal(centre.heardOf("hello").length, 2);
  await second.link[Symbol.asyncDispose]();
});

test("the file of the connection's state says what is wrong also when that begins in the middle of a session", async () => {
  const { link, spool, duty, clock, disk } = await aLink();
  link.start();
  await clock.advance(10 * SECOND);

  duty.wrong = ["journal-failing"];
  await spool.append("event", event("a"));
  await clock.advance(10 * SECOND);

  const status = JSON.parse(Buffer.from((await disk.read("link-status")) ?? []).toString()) as { conditions: unknown };
  assert.deepEqual(status.conditions, ["journal-failing"]);
  await link[Symbol.asyncDispose]();
});

test("the file of the connection's state says since when it stands, and why it does not", async () => {
  const { link, centre, clock, disk } = await aLink();
  const told = async () =>
    JSON.parse(Buffer.from((await disk.read("link-status")) ?? []).toString()) as Record<string, unknown>;
  link.start();
  await clock.advance(10 * SECOND);
  assert.equal(typeof (await told())["connectedAt"], "number");

  centre.refusedTopics = ["x"];
  centre.answersHello = false;
  centre.lose();
  await clock.advance(6 * SECOND);
  const status = await told();

  assert.deepEqual([status["connectedAt"], (status["lastFailure"] as { reason: string }).reason], [undefined, "cut"]);
  await link[Symbol.asyncDispose]();
});

test("a session that is lost while the answer to its Hello is heard leaves nothing behind that sends", async () => {
  const { link, centre, clock, duty } = await aLink();
  let goOn = () => {};
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const hear = duty.hear.bind(duty);
  duty.hear = (generation) => held.then(() => hear(generation));
  link.start();
  await clock.advance(SECOND);
  centre.lose();
  await clock.advance(SECOND);

  const stopped = link[Symbol.asyncDispose]();
  goOn();
  await stopped;

  assert.equal(clock.nextDue, undefined);
});
