import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, v1 } from "@edgemere/protocol";
import { MINUTE, SECOND, silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { DEVICE, keyring, ScriptedControlPlane } from "./control-plane.test-support.ts";
import type { CommandDuty } from "./down.ts";
import { keyFinder } from "./identity.ts";
import { Link } from "./link.ts";
import { ServerTime } from "./server-time.ts";
import { dyingDisk } from "./spool/dying-disk.test-support.ts";
import { Spool } from "./spool/spool.ts";
import { ConnectError } from "./transport.ts";

const event = (detail: string) => ({ agentEvent: { name: "test", detail } });
const output = (command: string, bytes = 10) => ({
  commandOutput: { command, channel: "stdout", content: new Uint8Array(bytes) },
});

class RecordingDuty implements CommandDuty {
  readonly capabilities = ["command:ping"];
  readonly calls: string[] = [];
  highSequence = 0;
  async receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void> {
    this.calls.push(`receive ${envelopes.length}`);
    this.highSequence += envelopes.length;
  }
  async cancel(commands: readonly string[]): Promise<void> {
    this.calls.push(`cancel ${commands.join(" ")}`);
  }
  status() {
    return { highSequence: this.highSequence, open: ["c1"] };
  }
}

async function aLink(over: { disk?: Disk; centre?: ScriptedControlPlane; clock?: ManualClock; seed?: number } = {}) {
  const { disk = new SimulatedDisk(), centre = new ScriptedControlPlane(), clock = new ManualClock() } = over;
  const env = { clock, random: seededRandom(over.seed ?? 1), disk, log: silentLog };
  const spool = await Spool.open({ env, maxBytes: 16 * 1024 * 1024 });
  const [duty, time] = [new RecordingDuty(), new ServerTime(clock)];
  const introduction = { bootId: "b", agentVersion: "1", capabilities: [], lastExitReason: "clean", keyringVersion: 3 };
  const findKey = keyFinder(keyring);
  const link = new Link({ env, device: DEVICE, transport: centre, spool, duty, findKey, time, introduction });
  return { link, spool, duty, centre, clock, time, disk };
}

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

test("what the broker took and the control plane did not acknowledge is sent again in a new session", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.acknowledges = false;
  await spool.append("event", event("a"));
  link.start();
  await clock.advance(SECOND);
  assert.equal(spool.unacknowledged, 1);

  centre.acknowledges = true;
  await clock.advance(MINUTE);

  assert.deepEqual(centre.stored, ["a"]);
  assert.deepEqual(
    centre.heardOf("hello").map(({ message }) => message.sessionEpoch),
    [1, 2],
  );
  assert.equal(spool.unacknowledged, 0);
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
  assert.equal(time.now(), centre.now + SECOND);
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

test("no more than a window of one stream is under way without an acknowledgement", async () => {
  const { link, spool, centre, clock } = await aLink();
  centre.acknowledges = false;
  for (let i = 0; i < 30; i++) await spool.append("log", output(`c${i}`, 30_000));
  link.start();
  await clock.advance(SECOND);

  const bytes = centre.heardOf("log").flatMap(({ message }) => message.records as v1.Record[]);
  const sent = bytes.reduce((sum, record) => sum + (record.commandOutput?.content.length ?? 0), 0);
  assert.ok(sent > 150_000 && sent <= 256 * 1024, `${sent} bytes are under way`);
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
  let tries = 0;
  Object.defineProperty(centre, "refusal", {
    get: () => {
      tries += 1;
      return tries > 0 ? new ConnectError("refused", "retired") : undefined;
    },
  });
  link.start();
  await clock.advance(60 * MINUTE);

  // Each attempt looks twice: whether it is refused, and how.
  assert.ok(tries / 2 >= 3 && tries / 2 < 20, `${tries / 2} tries`);
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
