import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamName } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import {
  aBody,
  copyOf,
  diskError,
  MEBIBYTE,
  openSpool,
  Receiver,
  spoolFiles,
  TroubledDisk,
} from "./spool.test-support.ts";

const SMALL = 3_400;

/** Two streams in several files, with a gap and something acknowledged. */
async function aSmallSpool(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const spool = await openSpool(disk, { maxBytes: SMALL });
  for (let i = 0; i < 4; i++) await spool.append("event", aBody("event", `e${i}`, 20));
  for (let i = 0; i < 30; i++) await spool.append("telemetry", aBody("telemetry", `t${i}`, 60));
  await spool.close();
  return disk;
}

interface Opened {
  readonly receiver: Receiver;
  /** What the spool says of itself when it is opened. */
  readonly conditions: readonly string[];
}

async function opened(disk: Disk, stream: StreamName): Promise<Opened> {
  const spool = await openSpool(disk, { maxBytes: SMALL });
  const conditions = spool.conditions();
  const receiver = new Receiver();
  await receiver.drain(spool, stream);
  await spool.append(stream, aBody(stream, "new"));
  await receiver.drain(spool, stream);
  await spool.close();
  const again = new Receiver();
  await again.drain(await openSpool(disk, { maxBytes: SMALL }), stream);
  assert.deepEqual(again.names, receiver.names);
  assert.equal(again.upTo, receiver.upTo);
  return { receiver, conditions };
}

const original = await aSmallSpool();
const files = (await spoolFiles(original)).filter((path) => path.endsWith(".segment"));
const known = {
  event: Array.from({ length: 4 }, (_, i) => `e${i}`),
  telemetry: Array.from({ length: 30 }, (_, i) => `t${i}`),
};

for (const damaged of files) {
  const stream = damaged.split("/")[1] as keyof typeof known;
  const isNew = (name: string) => name === "new";

  test(`whichever byte of ${damaged} is flipped, the spool opens, invents nothing, tells of it and explains what is missing`, async () => {
    const size = (await original.read(damaged))?.length ?? 0;
    const { receiver: whole } = await opened(await copyOf(original), stream);
    for (let at = 0; at < size; at++) {
      const flipped = (path: string, content: Uint8Array) =>
        path === damaged ? content.with(at, (content[at] ?? 0) ^ (1 << (at % 8))) : content;
      const { receiver, conditions } = await opened(await copyOf(original, flipped), stream);
      assert.deepEqual(
        receiver.names.filter((name) => !known[stream].includes(name)),
        ["new"],
      );
      const explained = receiver.explained - whole.explained;
      assert.ok(whole.names.length - receiver.names.length <= explained, `byte ${at}`);
      assert.ok(explained > 0 || conditions.includes("damaged-segments"), `byte ${at} is told`);
      assert.equal(receiver.names.at(-1), "new");
    }
  });

  test(`wherever ${damaged} is cut off, the spool opens, invents nothing and goes on`, async () => {
    const size = (await original.read(damaged))?.length ?? 0;
    for (let at = 0; at < size; at++) {
      const cut = (path: string, content: Uint8Array) => (path === damaged ? content.subarray(0, at) : content);
      const { receiver } = await opened(await copyOf(original, cut), stream);
      assert.deepEqual(
        receiver.names.filter((name) => !known[stream].includes(name)),
        ["new"],
      );
      assert.equal(receiver.names.filter(isNew).length, 1);
    }
  });
}

test("a damaged file is put aside, the newest few of them, and the spool says so until the next start", async () => {
  const disk = await aSmallSpool();
  for (let round = 0; round < 8; round++) {
    const spool = await openSpool(disk);
    for (const name of ["a", "b", "c"]) await spool.append("event", aBody("event", name));
    assert.deepEqual(spool.conditions(), round === 0 ? [] : ["damaged-segments"]);
    await spool.close();
    const newest = `spool/event/${(await disk.list("spool/event")).at(-1) ?? ""}`;
    const content = (await disk.read(newest)) ?? new Uint8Array();
    await disk.write(newest, content.with(content.length - 60, 0xff));
  }
  const kept = await disk.list("spool/damaged");
  assert.ok(kept.length >= 1 && kept.length <= 4);
  assert.deepEqual((await openSpool(disk)).conditions(), ["damaged-segments"]);
  assert.deepEqual((await openSpool(disk)).conditions(), []);
});

test("a segment that went missing becomes a gap", async () => {
  const disk = new SimulatedDisk();
  const first = await openSpool(disk, { maxBytes: MEBIBYTE });
  for (let i = 0; i < 100; i++) await first.append("event", aBody("event", `e${i}`, 2_000));
  const names = await disk.list("spool/event");
  await disk.remove(`spool/event/${names[1] ?? ""}`);

  const receiver = new Receiver();
  await receiver.drain(await openSpool(disk, { maxBytes: MEBIBYTE }), "event");
  assert.deepEqual([receiver.upTo, receiver.hasEstimates, [...receiver.reasons]], [100, false, ["damaged"]]);
});

test("when the files of a stream are gone its numbers go on where none was given, and the jump is a gap", async () => {
  const disk = await copyOf(original, (_, content) => content);
  for (const name of await disk.list("spool/event")) await disk.remove(`spool/event/${name}`);

  const { receiver } = await opened(disk, "event");
  assert.deepEqual([receiver.names, receiver.explained], [["new"], 2 ** 20]);
  assert.deepEqual([...receiver.reasons, receiver.hasEstimates], ["counter-recovery", true]);
  const others = new Receiver();
  await others.drain(await openSpool(disk, { maxBytes: SMALL }), "telemetry");
  assert.ok(!others.reasons.has("counter-recovery"));
});

test("a newest file that the disk does not give back costs its records and no number is used twice", async () => {
  class Unreadable extends TroubledDisk {
    unreadable = "";
    override async read(path: string): Promise<Uint8Array | undefined> {
      if (path === this.unreadable) throw diskError("EIO");
      return super.read(path);
    }
  }
  const disk = new Unreadable();
  for (const path of await spoolFiles(original))
    await disk.write(path, (await original.read(path)) ?? new Uint8Array());
  disk.unreadable = `spool/event/${(await disk.list("spool/event")).at(-1) ?? ""}`;
  const spool = await openSpool(disk, { maxBytes: SMALL });
  disk.unreadable = "";

  await spool.append("event", aBody("event", "new"));
  const receiver = new Receiver();
  await receiver.drain(spool, "event");
  assert.ok(receiver.names.includes("new") && receiver.hasEstimates && receiver.upTo > 2 ** 20);
});
