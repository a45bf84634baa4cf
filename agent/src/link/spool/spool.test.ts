import assert from "node:assert/strict";
import { test } from "node:test";
import { streamNames, type StreamName } from "@edgemere/protocol";
import { silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import * as fc from "fast-check";
import { dyingDisk } from "./dying-disk.test-support.ts";
import { Spool, SpoolFull } from "./spool.ts";

const MEBIBYTE = 1024 * 1024;
const clock = new ManualClock();
const open = (disk: Disk, maxBytes = 16 * MEBIBYTE) =>
  Spool.open({ env: { clock, random: seededRandom(1), disk, log: silentLog }, maxBytes });
const event = (detail: string) => ({ agentEvent: { name: "test", detail } });
const output = (command: string, bytes = 10) => ({
  commandOutput: { command, channel: "stdout", offset: 0, content: new Uint8Array(bytes) },
});
const everything = { bytes: Infinity, records: Infinity };

/** What a control plane makes of a stream: the same rule as its ingest. */
class Receiver {
  readonly details: string[] = [];
  upTo = 0;
  explained = 0;

  async drain(spool: Spool, stream: StreamName): Promise<void> {
    const start = spool.position(stream).firstUnacknowledged;
    let from = Math.max(start, this.upTo + 1);
    for (;;) {
      const records = await spool.read(stream, from, { bytes: 2_000, records: 7 });
      for (const { first, last, record } of records) {
        assert.ok(first <= this.upTo + 1, `number ${this.upTo + 1} is missing before ${first}`);
        if (record.body === "gap") this.explained += record.gap.records;
        else this.details.push(record.agentEvent?.detail ?? record.commandOutput?.command ?? "");
        this.upTo = last;
      }
      if (records.length === 0) break;
      from = this.upTo + 1;
    }
    assert.equal(this.upTo, spool.position(stream).next - 1);
  }
}

test("records are numbered from 1 without a hole, each stream for itself, and read back in order", async () => {
  const spool = await open(new SimulatedDisk());
  await Promise.all([spool.append("event", event("a")), spool.append("event", event("b"))]);
  await spool.append("log", output("c"));

  const events = await spool.read("event", 1, everything);
  assert.deepEqual(
    events.map(({ first, record }) => [first, record.agentEvent?.detail]),
    [
      [1, "a"],
      [2, "b"],
    ],
  );
  assert.deepEqual(spool.position("log"), { firstUnacknowledged: 1, next: 2 });
  assert.deepEqual(spool.position("result"), { firstUnacknowledged: 1, next: 1 });
});

test("a record that the control plane would refuse is refused at once, and uses no number", async () => {
  const spool = await open(new SimulatedDisk());

  await assert.rejects(spool.append("event", event("x".repeat(10_000))), /agent_event\.detail/);
  await assert.rejects(spool.append("event", output("c")), /does not carry/);
  await assert.rejects(spool.append("log", output("c", 300_000)), /over the limit/);
  assert.equal(spool.position("event").next, 1);
});

test("numbers go on after everything was acknowledged and the agent started again", async () => {
  const disk = new SimulatedDisk();
  const first = await open(disk);
  await first.append("event", event("a"));
  await first.read("event", 1, everything);
  await first.acknowledge("event", 1);
  await first.close();

  const second = await open(disk);
  await second.acknowledge("event", 1);
  assert.deepEqual(await second.read("event", 1, everything), []);
  await second.append("event", event("b"));
  assert.equal((await second.read("event", 1, everything))[0]?.first, 2);
});

test("files of acknowledged records are removed", async () => {
  const disk = new SimulatedDisk();
  const spool = await open(disk, MEBIBYTE);
  for (let i = 0; i < 20; i++) await spool.append("log", output("c", 30_000));
  const before = (await disk.list("spool/log")).length;
  await new Receiver().drain(spool, "log");

  await spool.acknowledge("log", 20);

  assert.ok(before > 5);
  assert.equal((await disk.list("spool/log")).length, 1);
});

test("a full spool gives up the oldest of the least important stream and says exactly how much", async () => {
  const spool = await open(new SimulatedDisk(), MEBIBYTE);
  await spool.append("event", event("kept"));
  for (let i = 0; i < 100; i++) await spool.append("log", output(`c${i}`, 30_000));

  const [receiver, events] = [new Receiver(), new Receiver()];
  await receiver.drain(spool, "log");
  await events.drain(spool, "event");
  assert.equal(receiver.explained + receiver.details.length, 100);
  assert.equal(receiver.details.at(-1), "c99");
  assert.deepEqual(events.details, ["kept"]);
  assert.ok(spool.bytes <= MEBIBYTE + 40_000);
});

test("what was given up is told after a restart too", async () => {
  const disk = new SimulatedDisk();
  const first = await open(disk, MEBIBYTE);
  for (let i = 0; i < 100; i++) await first.append("log", output(`c${i}`, 30_000));
  disk.cutPower(seededRandom(1));

  const receiver = new Receiver();
  await receiver.drain(await open(disk, MEBIBYTE), "log");
  assert.equal(receiver.explained + receiver.details.length, 100);
});

test("a less important record never displaces a more important one", async () => {
  const spool = await open(new SimulatedDisk(), MEBIBYTE);
  for (let i = 0; i < 400; i++) await spool.append("event", event(`${"e".repeat(4_000)}${i}`));

  await assert.rejects(spool.append("log", output("c", 200_000)), SpoolFull);
  assert.equal(spool.position("log").next, 1);
});

test("on a full disk an event takes the room of output, and refused output is counted", async () => {
  const disk = new SimulatedDisk(2 * MEBIBYTE);
  const spool = await open(disk, 100 * MEBIBYTE);
  const refused: unknown[] = [];
  for (let i = 0; i < 100; i++)
    await spool.append("log", output(`c${i}`, 30_000)).catch((error) => refused.push(error));
  for (let i = 0; i < 100; i++) await spool.append("event", event(`${"e".repeat(4_000)}${i}`));
  await clock.advance(60_000);
  await spool.append("log", output("last")).catch((error) => refused.push(error));
  const [logs, events] = [new Receiver(), new Receiver()];
  await events.drain(spool, "event");
  await spool.acknowledge("event", 100);
  await clock.advance(60_000);
  await spool.append("log", output("after"));
  await logs.drain(spool, "log");

  assert.ok(refused.length > 0 && refused.every((each) => each instanceof SpoolFull && each.reason === "disk-low"));
  assert.equal(events.details.length, 100);
  assert.equal(logs.details.at(-1), "after");
  assert.equal(logs.explained + logs.details.length, 102);
});

/** A full disk on which somebody else takes whatever becomes free. */
class CrowdedDisk extends SimulatedDisk {
  isFull = false;
  override async write(path: string, content: Uint8Array): Promise<void> {
    if (this.isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    return super.write(path, content);
  }
  override async append(path: string) {
    const file = await super.append(path);
    const write = async (content: Uint8Array) => {
      if (this.isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      return file.write(content);
    };
    return { ...file, write, size: file.size };
  }
}

test("what is given up on a full disk is explained after a restart, even when somebody else took the room", async () => {
  const disk = new CrowdedDisk();
  const spool = await open(disk);
  for (let i = 0; i < 20; i++) await spool.append("log", output(`c${i}`, 30_000));
  disk.isFull = true;
  await assert.rejects(spool.append("event", event("refused")));
  disk.isFull = false;
  disk.cutPower(seededRandom(1));

  const receiver = new Receiver();
  await receiver.drain(await open(disk), "log");
  assert.equal(receiver.explained + receiver.details.length, 20);
});

test("a damaged record in the middle becomes a gap, and what follows it is read", async () => {
  const disk = new SimulatedDisk();
  const first = await open(disk);
  for (const name of ["a", "b", "c"]) await first.append("event", event(name));
  const path = "spool/event/0000000000000001.segment";
  const content = (await disk.read(path)) ?? new Uint8Array();
  await disk.write(path, content.with(Math.floor(content.length / 2), 0));

  const receiver = new Receiver();
  await receiver.drain(await open(disk), "event");
  assert.deepEqual([receiver.details, receiver.explained], [["a", "c"], 1]);
});

test("a segment that went missing becomes a gap", async () => {
  const disk = new SimulatedDisk();
  const first = await open(disk, MEBIBYTE);
  for (let i = 0; i < 20; i++) await first.append("log", output(`c${i}`, 30_000));
  const names = await disk.list("spool/log");
  await disk.remove(`spool/log/${names[1] ?? ""}`);

  const receiver = new Receiver();
  await receiver.drain(await open(disk, MEBIBYTE), "log");
  assert.ok(receiver.explained > 0);
  assert.equal(receiver.explained + receiver.details.length, 20);
});

test("a disk that forgot numbers the control plane knows gives new records new numbers", async () => {
  const spool = await open(new SimulatedDisk());
  await spool.append("event", event("new"));

  await spool.acknowledge("event", 500);

  const records = await spool.read("event", 501, everything);
  assert.deepEqual(
    records.map(({ first, record }) => [first, record.agentEvent?.detail]),
    [[501, "new"]],
  );
  assert.deepEqual(spool.position("event"), { firstUnacknowledged: 501, next: 502 });
});

const step = fc.oneof(
  fc.record({
    do: fc.constant("append" as const),
    stream: fc.constantFrom(...streamNames.slice(1)),
    count: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    do: fc.constant("acknowledge" as const),
    stream: fc.constantFrom(...streamNames.slice(1)),
    count: fc.integer({ min: 1, max: 9 }),
  }),
);

test("whatever happens to the power, a kept record is delivered or explained, and numbers never go back", async () => {
  const lives = fc.array(
    fc.record({ steps: fc.array(step, { maxLength: 12 }), dieAfter: fc.integer({ min: 1, max: 60 }) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  );
  const property = fc.asyncProperty(lives, fc.integer(), async (given, seed) => {
    const disk = new SimulatedDisk();
    const random = seededRandom(seed);
    const promised: Record<string, string[]> = { event: [], telemetry: [], log: [] };
    const receivers = new Map(streamNames.map((stream) => [stream, new Receiver()]));
    let id = 0;

    for (const { steps, dieAfter } of given) {
      const mortal = dyingDisk(disk, dieAfter, random);
      try {
        const spool = await open(mortal, 6_000);
        for (const { do: what, stream, count } of steps) {
          const receiver = receivers.get(stream) as Receiver;
          if (what === "acknowledge") {
            await receiver.drain(spool, stream);
            await spool.acknowledge(stream, receiver.upTo);
          } else if (stream !== "telemetry") {
            await Promise.all(
              Array.from({ length: count }, async () => {
                const name = `r${id++}`;
                await spool.append(stream, stream === "event" ? event(name) : output(name, 400));
                promised[stream]?.push(name);
              }),
            );
          }
        }
      } catch (error) {
        if (!mortal.isDead && !(error instanceof SpoolFull)) throw error;
      }
      disk.cutPower(random);
    }

    const spool = await open(disk, 6_000);
    for (const stream of ["event", "log"] as const) {
      const receiver = receivers.get(stream) as Receiver;
      await receiver.drain(spool, stream);
      const missing = (promised[stream] ?? []).filter((name) => !receiver.details.includes(name));
      assert.ok(
        missing.length <= receiver.explained,
        `${stream}: ${missing.length} missing, ${receiver.explained} explained`,
      );
      assert.equal(new Set(receiver.details).size, receiver.details.length);
    }
  });
  await fc.assert(property, { numRuns: 300 });
});
