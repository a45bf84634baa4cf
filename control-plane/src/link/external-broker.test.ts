import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTopic, unpack, type Packet } from "@edgemere/protocol";
import { aborted, MINUTE, SECOND, silentLog } from "@edgemere/protocol/kit";
import { drain, ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import type { DeviceSession } from "../platform/device-link.ts";
import { RecordingLink } from "./broker.test-support.ts";
import { startExternalBroker, type BrokerMessage } from "./external-broker.ts";

/** As far as a link keeps sessions: from hello to bye, or until it is told that a device is gone. */
class SessionLink extends RecordingLink {
  readonly open = new Map<string, DeviceSession>();
  /** Holds back what arrives. */
  gate: Promise<void> = Promise.resolve();

  override async arrived(device: string, topic: string, payload: Uint8Array): Promise<void> {
    await this.gate;
    await super.arrived(device, topic, payload);
    if (topic.endsWith("/hello")) this.open.set(device, { device, epoch: 1, since: 0, lastHeardAt: 0, address: "" });
    if (topic.endsWith("/bye")) this.open.delete(device);
  }
  override dropped(device: string): void {
    super.dropped(device);
    this.open.delete(device);
  }
  sessions(): readonly DeviceSession[] {
    return [...this.open.values()];
  }
  session(device: string): DeviceSession | undefined {
    return this.open.get(device);
  }
}

/** A broker in memory: carries what is published, is there or not, and can be lost. */
function aWorld(devices: readonly string[] = []) {
  const clock = new ManualClock();
  const link = new SessionLink();
  const sent: { readonly device: string; readonly name: string }[] = [];
  const retired = new Set<string>();
  const state: { isThere: boolean; attempts: number; early?: BrokerMessage } = { isThere: true, attempts: 0 };
  let take: (message: BrokerMessage) => Promise<void> = async () => {};
  let lose = (_reason: string) => {};
  const broker = startExternalBroker({
    link,
    admit: async (device) =>
      retired.has(device) ? { kind: "refused", why: "the device was retired" } : { kind: "admitted" },
    async *devices() {
      yield* devices;
    },
    connect: async (taking, signal) => {
      state.attempts++;
      if (!state.isThere) throw new Error("nobody is there");
      take = taking;
      if (state.early) {
        void taking(state.early);
        await drain();
      }
      const lost = new Promise<string>((resolve) => (lose = resolve));
      return {
        over: Promise.race([lost, aborted(signal).then(() => "stopped")]),
        publish: async ({ topic, payload }: Packet) => {
          const { device, name } = unpack(topic, payload);
          sent.push({ device, name });
        },
      };
    },
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  /** Resolves when the next message would be read. */
  const put = (device: string, name: "hello" | "bye" | "telemetry", isRetained = false) =>
    take({ topic: formatTopic(name, { device }), payload: Buffer.from(name), isRetained });
  /** The same, and all that follows of it. */
  const say = async (...message: Parameters<typeof put>) => {
    void put(...message);
    await clock.advance(0);
  };
  return {
    broker,
    clock,
    link,
    sent,
    retired,
    state,
    put,
    say,
    lose: (reason = "cut") => lose(reason),
    /** Whom it has asked since this was looked at last. */
    asked: () => sent.splice(0).flatMap(({ device, name }) => (name === "sync" ? [device] : [])),
    heard: () => link.messages.map(({ device, payload }) => `${device} ${payload}`),
    [Symbol.asyncDispose]: async () => {
      const ending = broker[Symbol.asyncDispose]();
      await clock.advance(0);
      await ending;
    },
  };
}

test("with a new connection everybody who may be there is asked, those with a session first", async () => {
  await using world = aWorld(["d1", "d2", "d3"]);
  await world.clock.advance(SECOND);
  assert.deepEqual(world.asked(), ["d1", "d2", "d3"]);
  await world.say("d3", "hello");

  world.lose();
  await world.clock.advance(2 * SECOND);

  assert.deepEqual(world.asked(), ["d3", "d1", "d2"]);
});

test("a device without a session is asked, and what it sent is not taken before its hello", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);

  await world.say("d1", "telemetry");
  await world.say("d1", "telemetry");
  assert.deepEqual([world.asked(), world.heard()], [["d1"], []]);
  await world.say("d1", "hello");
  await world.say("d1", "telemetry");

  assert.deepEqual(world.heard(), ["d1 hello", "d1 telemetry"]);
});

test("a goodbye is heard of a device without a session too", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);
  await world.say("d1", "bye");

  assert.deepEqual([world.heard(), world.asked()], [["d1 bye"], []]);
});

test("whoever is silent is asked, and is gone without an answer, whatever the wall clock says", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);
  await world.say("talks", "hello");
  await world.say("silent", "hello");
  world.clock.step(60 * MINUTE);
  for (let second = 0; second < 170; second += 10) {
    await world.clock.advance(10 * SECOND);
    await world.say("talks", "telemetry");
  }
  assert.deepEqual(world.link.gone, []);
  assert.deepEqual([...new Set(world.asked())], ["silent"]);
  await world.clock.advance(30 * SECOND);

  assert.deepEqual(world.link.gone, ["silent"]);
});

test("silence while there is no broker, or from before it came back, is no device's fault", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);
  await world.say("d1", "hello");
  await world.clock.advance(2 * MINUTE);
  world.state.isThere = false;
  world.lose();
  await world.clock.advance(2 * MINUTE);
  world.state.isThere = true;
  await world.clock.advance(2 * MINUTE);
  assert.deepEqual(world.link.gone, []);
  await world.clock.advance(2 * MINUTE);

  assert.deepEqual(world.link.gone, ["d1"]);
});

test("a broker that stays away is tried again and again, and told of after half a minute", async () => {
  await using world = aWorld();
  world.state.isThere = false;
  await world.clock.advance(SECOND);
  world.lose();
  await world.clock.advance(29 * SECOND);
  assert.equal(world.broker.check(), undefined);
  await world.clock.advance(10 * MINUTE);

  assert.deepEqual(world.broker.check(), { severity: "degraded", reason: "there is no connection to the broker" });
  assert.ok(world.state.attempts > 100 && world.state.attempts < 400, `${world.state.attempts} attempts`);
  world.state.isThere = true;
  await world.clock.advance(30 * SECOND);
  assert.equal(world.broker.check(), undefined);
});

test("a retired device is refused whatever it says, and counted", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);
  world.retired.add("d1");
  for (const name of ["hello", "telemetry", "bye"] as const) await world.say("d1", name);

  assert.deepEqual([world.heard(), world.asked()], [[], []]);
  assert.deepEqual(
    world.link.refused,
    Array.from({ length: 3 }, () => ({ device: "d1", reason: "not-yours" })),
  );
});

test("a device that is retired while its hello is stored has no session afterwards", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);
  let open = () => {};
  world.link.gate = new Promise((resolve) => (open = resolve));
  await world.say("d1", "hello");
  world.retired.add("d1");
  world.link.carrier?.disconnect("d1", "the device was retired");
  open();
  await world.clock.advance(0);

  assert.deepEqual(world.link.sessions(), []);
});

test("what comes before the connection stands is taken when it can be answered", async () => {
  await using world = aWorld();
  let carriedAtHello: boolean | undefined;
  const { link } = world;
  const arrived = link.arrived.bind(link);
  link.arrived = async (...message) => {
    carriedAtHello = link.carrier !== undefined;
    await arrived(...message);
  };
  world.state.early = {
    topic: formatTopic("hello", { device: "d1" }),
    payload: Buffer.from("hello"),
    isRetained: false,
  };
  await world.clock.advance(SECOND);
  world.lose();
  for (let tenth = 0; tenth < 20; tenth++) await world.clock.advance(SECOND / 10);

  assert.equal(carriedAtHello, true);
});

test("what is retained at the broker is not taken", async () => {
  await using world = aWorld();
  await world.clock.advance(SECOND);
  await world.say("d1", "hello", true);

  assert.deepEqual([world.heard(), world.link.refused], [[], [{ device: "d1", reason: "out-of-range" }]]);
});

test("while 256 messages are being stored the broker keeps the next, and the end waits for them", async () => {
  const world = aWorld();
  await world.clock.advance(SECOND);
  await world.say("d1", "hello");
  let open = () => {};
  world.link.gate = new Promise((resolve) => (open = resolve));
  for (let i = 0; i < 255; i++) await world.put("d1", "telemetry");
  let isRead = false;
  void world.put("d1", "telemetry").then(() => (isRead = true));
  await world.clock.advance(0);
  assert.equal(isRead, false);
  const ending = world[Symbol.asyncDispose]();
  open();
  await ending;

  assert.equal(world.heard().length, 257);
});
