import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, v1 } from "@edgemere/protocol";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { DEVICE, ScriptedControlPlane } from "./control-plane.test-support.ts";
import { aLink, event, output } from "./link.test-support.ts";
import { dyingDisk } from "./spool/dying-disk.test-support.ts";
import { ConnectError } from "./transport.ts";

test("a session begins with a Hello that says what is kept here, and nothing is sent before its answer", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.answersHello = false;
  await spool.append("event", event("a"));
  link.start();
  await clock.advance(SECOND);

  assert.deepEqual(
    centre.heard.map(({ name }) => name),
    ["hello"],
  );
  const [hello] = centre.heardOf("hello");
  assert.equal(hello?.message.sessionEpoch, 1);
  assert.deepEqual(hello?.message.openCommands, ["c1"]);
  assert.deepEqual(hello?.message.capabilities, ["command:ping"]);
  const position = hello?.message.streams.find(({ stream }) => stream === "event");
  assert.deepEqual([position?.firstUnacknowledged, position?.next], [1, 2]);
  assert.equal(link.isConnected, false);
});

test("what is kept is sent, most important first, and forgotten when it is acknowledged", async () => {
  const { link, spool, centre, clock } = await aLink();
  await spool.append("log", output("late"));
  await spool.append("event", event("a"));
  link.start();
  await clock.advance(SECOND);
  await spool.append("event", event("b"));
  await clock.advance(SECOND);

  assert.deepEqual(centre.stored, ["a", "late", "b"]);
  assert.equal(spool.unacknowledged, 0);
  assert.equal(link.isConnected, true);
});

test("what the broker took and the control plane did not acknowledge is sent again on the same connection", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.acknowledges = false;
  await spool.append("event", event("a"));
  link.start();
  await clock.advance(9 * SECOND);
  assert.equal(centre.heardOf("event").length, 1);

  centre.acknowledges = true;
  await clock.advance(4 * SECOND);

  assert.deepEqual(centre.stored, ["a"]);
  assert.equal(centre.heardOf("hello").length, 1);
  assert.equal(spool.unacknowledged, 0);
  await link[Symbol.asyncDispose]();
});

test("what is not acknowledged after three more sendings is sent in a new session", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.acknowledges = false;
  await spool.append("event", event("a"));
  link.start();
  await clock.advance(39 * SECOND);
  assert.equal(centre.heardOf("hello").length, 1);

  await clock.advance(15 * SECOND);
  centre.acknowledges = true;
  await clock.advance(MINUTE);

  assert.deepEqual(centre.stored, ["a"]);
  const events = centre.heardOf("event").map(({ message }) => message.sessionEpoch);
  assert.deepEqual(events.slice(0, 5), [1, 1, 1, 1, 2]);
  await link[Symbol.asyncDispose]();
});

test("a Hello without an answer ends the session", async () => {
  const { link, centre, clock } = await aLink();
  centre.answersHello = false;
  link.start();
  await clock.advance(2 * MINUTE);

  assert.ok(centre.heardOf("hello").length >= 3);
});

test("a Sync is believed only when a key of the keyring signed its head, and only in its own session", async () => {
  const { link, centre, clock, time } = await aLink();
  centre.sync = () => ({ head: { payload: new Uint8Array(3), payloadType: "x", signatures: [] } });
  link.start();
  await clock.advance(SECOND);
  assert.equal(link.isConnected, false);

  centre.sync = () => ({});
  centre.saySync(7);
  await clock.advance(SECOND);
  assert.equal(link.isConnected, false);

  centre.saySync(1);
  await clock.advance(SECOND);
  assert.equal(link.isConnected, true);
  assert.ok(Math.abs(time.correctedNow() - centre.now()) <= SECOND);
});

test("commands and then cancellations go to the duty, and more commands are asked for while they come", async () => {
  const { link, centre, clock, duty } = await aLink();
  centre.sync = (hello) =>
    hello?.commandHighSequence === 0 ? { commands: [{}, {}], moreCommands: true } : { commands: [{}] };
  centre.head = (hello) => (hello?.commandHighSequence === 0 ? { cancelledCommands: ["c1"] } : {});
  link.start();
  await clock.advance(SECOND);
  centre.say(pack("command", { device: DEVICE }, {}));
  await clock.advance(SECOND);

  assert.deepEqual(duty.calls, ["receive 2", "cancel c1", "receive 1", "receive 1"]);
});

const logBytes = (centre: ScriptedControlPlane) =>
  centre
    .heardOf("log")
    .map(({ message }) => (message.records as v1.Record[]).map((each) => each.commandOutput?.content.length ?? 0))
    .map((sizes) => sizes.reduce((sum, size) => sum + size, 0));

test("on a road of which nothing is known little of one stream is under way, and less than a window of backlog", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.acknowledges = false;
  for (let i = 0; i < 300; i++) await spool.append("log", output(`c${i}`, 1_000));
  link.start();
  await clock.advance(5 * SECOND);

  const sent = logBytes(centre).reduce((sum, size) => sum + size, 0);
  assert.ok(sent > 4 * 1024 && sent <= 8 * 1024, `${sent} bytes are under way`);
  await link[Symbol.asyncDispose]();
});

test("on a fast road batches grow, and backlog goes at its own pace", async () => {
  const { link, spool, centre, clock } = await aLink();
  for (let i = 0; i < 2_000; i++) await spool.append("log", output(`c${i}`, 1_000));
  link.start();
  await clock.advance(4 * SECOND);
  const after4 = logBytes(centre).reduce((sum, size) => sum + size, 0);
  await clock.advance(10 * SECOND);

  assert.ok(after4 > 700_000 && after4 < 1_400_000, `${after4} bytes after 4 s`);
  assert.ok(Math.max(...logBytes(centre)) > 100 * 1024);
  assert.equal(spool.unacknowledged, 0);
  await link[Symbol.asyncDispose]();
});

test("a control plane that asks for a pause gets one", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.sync = () => ({ limits: { pauseMs: 10_000 } });
  await spool.append("event", event("a"));
  link.start();
  await clock.advance(9 * SECOND);
  assert.deepEqual(centre.stored, []);

  await clock.advance(2 * SECOND);
  assert.deepEqual(centre.stored, ["a"]);
});

test("bytes that make no sense end nothing", async () => {
  const { link, centre, clock } = await aLink();
  link.start();
  await clock.advance(SECOND);
  centre.say({ topic: `edgemere/v1/${DEVICE}/down/ack`, payload: Uint8Array.of(255, 255), qos: 1 });
  centre.say(pack("ack", { device: "other" }, {}));
  await clock.advance(SECOND);

  assert.equal(link.isConnected, true);
});

test("an agent that is stopped says goodbye, and its sessions are numbered on after a restart", async () => {
  const { link, centre, clock, disk } = await aLink();
  link.start();
  await clock.advance(SECOND);
  await link[Symbol.asyncDispose]();
  assert.deepEqual(
    centre.heardOf("bye").map(({ message }) => [message.sessionEpoch, message.reason]),
    [[1, "stopped"]],
  );
  assert.equal(centre.isConnected, false);

  const again = await aLink({ disk, centre });
  again.link.start();
  await again.clock.advance(SECOND);
  assert.equal(centre.heardOf("hello")[1]?.message.sessionEpoch, 2);
  assert.equal(v1.Bye.decode(centre.wills[1]?.payload ?? new Uint8Array()).sessionEpoch, 2);
});

test("a device that is refused keeps trying, but not in a hurry", async () => {
  const { link, centre, clock } = await aLink();
  centre.refusal = new ConnectError("refused", "retired");
  link.start();
  await clock.advance(60 * MINUTE);

  const tries = centre.tried.length;
  assert.ok(tries >= 3 && tries < 20, `${tries} tries`);
  await link[Symbol.asyncDispose]();
});

test("a lost connection is made again, and what was under way arrives once", async () => {
  const { link, spool, centre, clock } = await aLink();
  link.start();
  await clock.advance(SECOND);
  for (let i = 0; i < 20; i++) {
    await spool.append("event", event(`e${i}`));
    if (i % 3 === 0) centre.lose();
    await clock.advance(700);
  }
  await clock.advance(10 * MINUTE);

  assert.deepEqual(
    centre.stored,
    Array.from({ length: 20 }, (_, i) => `e${i}`),
  );
});

test("whatever is lost, cut or killed, every kept record arrives once and in order", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const [disk, centre, clock] = [new SimulatedDisk(), new ScriptedControlPlane(), new ManualClock()];
    const kept: string[] = [];
    centre.lets = () => random.next() > 0.1;
    for (let life = 0; life < 5; life++) {
      const mortal = dyingDisk(disk, 5 + Math.floor(random.next() * 60), random);
      const started = await aLink({ disk: mortal, centre, clock, seed: seed * 10 + life }).catch(() => undefined);
      // It may die before it has begun.
      if (started === undefined) continue;
      started.link.start();
      for (let i = 0; i < 12 && !mortal.isDead; i++) {
        const name = `s${seed}-${life}-${i}`;
        await started.spool.append("event", event(name)).then(
          () => kept.push(name),
          () => {},
        );
        if (random.next() < 0.2) centre.lose();
        await clock.advance(random.next() * 20 * SECOND);
      }
      disk.cutPower(random);
      const stopped = started.link[Symbol.asyncDispose]();
      await clock.advance(MINUTE);
      await stopped;
    }
    centre.lets = () => true;
    const { link } = await aLink({ disk, centre, clock, seed });
    link.start();
    await clock.advance(10 * MINUTE);
    const missing = kept.filter((name) => !centre.stored.includes(name));
    assert.deepEqual(missing, [], `seed ${seed}`);
    assert.equal(new Set(centre.stored).size, centre.stored.length, `seed ${seed}`);
    await link[Symbol.asyncDispose]();
  }
});

test("a command that could not be written down is asked for again while the session lasts", async () => {
  const { link, centre, duty, clock } = await aLink();
  const kept = duty.receive.bind(duty);
  duty.receive = async () => {
    throw new Error("the disk is full");
  };
  centre.sync = () => ({ commands: [{ payloadType: "command" }] });
  link.start();
  await clock.advance(SECOND);
  duty.receive = kept;
  await clock.advance(MINUTE);

  assert.deepEqual(duty.calls.slice(0, 1), ["receive 1"]);
  assert.equal(link.epoch, 1);
  await link[Symbol.asyncDispose]();
});
