import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { nameOfSegment, segmentNamed, tagsOfSegment } from "./segment-name.ts";
import { Segments } from "./segments.ts";

// 2026-11-23T01:30:00Z.
const START = 1_795_397_400_000;
const bounds = { time: MINUTE, bytes: 20 };
const text = (content: string) => new Uint8Array(Buffer.from(content));

/** A directory on a disk whose power can be cut, and its segments. */
function aWorld() {
  const clock = new ManualClock(START);
  const disk = new SimulatedDisk();
  const closed: string[] = [];
  const files = async () =>
    Promise.all(
      (await disk.list("")).map(async (name) => ({
        name,
        bytes: (await disk.read(name))?.length ?? 0,
        modifiedAt: clock.now(),
      })),
    );
  const begin = async (on: Disk = disk) =>
    Segments.open({ disk: on, clock, bounds, closed: (name) => closed.push(name) }, await files());
  const contents = async () => {
    const names = (await disk.list("")).filter((name) => segmentNamed(name) !== undefined);
    return Promise.all(names.map(async (name) => Buffer.from((await disk.read(name)) ?? []).toString()));
  };
  return { clock, disk, closed, files, begin, contents };
}

test("a segment is closed when it is old enough, and only then has its name", async () => {
  const { clock, closed, begin, contents } = aWorld();
  const segments = await begin();
  segments.resume();
  await segments.write(text("one\ntwo\n"));
  await clock.advance(59 * SECOND);
  await segments.look();
  assert.deepEqual(closed, []);

  await clock.advance(SECOND);
  await segments.look();

  assert.deepEqual(closed, ["000000001_20261123T013000.000Z_20261123T013100.000Z_2.log"]);
  assert.deepEqual(await contents(), ["one\ntwo\n"]);
});

test("a segment that is full ends with a whole line, and the next begins with the rest", async () => {
  const { begin, contents, closed } = aWorld();
  const segments = await begin();
  segments.resume();
  await segments.write(text("123456789\n123456789abc\nlast\n"));
  await segments.pause();

  assert.deepEqual(await contents(), ["123456789\n", "123456789abc\nlast\n"]);
  assert.deepEqual(
    closed.map((name) => segmentNamed(name)?.isCut),
    [false, false],
  );
});

test("a line that is longer than a segment is cut, and told so", async () => {
  const { begin, contents, closed } = aWorld();
  const segments = await begin();
  segments.resume();
  await segments.write(text(`${"x".repeat(25)}\nshort\n`));
  await segments.pause();

  assert.deepEqual(await contents(), ["x".repeat(20), "xxxxx\nshort\n"]);
  assert.deepEqual(
    closed.map((name) => segmentNamed(name)?.isCut),
    [true, false],
  );
});

test("what was not recorded stands on the next segment as a gap", async () => {
  const { clock, begin, closed } = aWorld();
  const segments = await begin();
  segments.resume();
  await segments.write(text("before\n"));
  await segments.pause();
  await clock.advance(5 * SECOND);
  segments.resume();
  await segments.write(text("after\nhalf a line"));
  await segments.pause();

  const tags = closed.map((name) => tagsOfSegment(segmentNamed(name)!));
  assert.equal(tags[0]?.["gap_seconds"], undefined);
  assert.deepEqual(tags[1], {
    recorded_from: "2026-11-23T01:30:05.000Z",
    recorded_until: "2026-11-23T01:30:05.000Z",
    lines: "1",
    gap_seconds: "5",
    cut: "true",
  });
});

test("what a killed agent left open is closed at the next start: whole lines, told as cut", async () => {
  const { clock, begin, contents, closed } = aWorld();
  const first = await begin();
  first.resume();
  await first.write(text("one\ntwo\nhal"));
  await clock.advance(3 * SECOND);

  const second = await begin();
  second.resume();
  await second.write(text("three\n"));
  await second.pause();

  assert.deepEqual(await contents(), ["one\ntwo\n", "three\n"]);
  assert.deepEqual(
    closed.map((name) => segmentNamed(name)).map((each) => [each?.number, each?.isCut]),
    [
      [1, true],
      [2, false],
    ],
  );
});

test("after a clock that stepped back no segment takes another's place", async () => {
  const { clock, begin, closed } = aWorld();
  const segments = await begin();
  segments.resume();
  await segments.write(text("one\n"));
  await segments.pause();
  clock.step(-MINUTE);
  segments.resume();
  await segments.write(text("two\n"));
  await segments.pause();

  assert.equal(new Set(closed).size, 2);
  assert.equal(closed.toSorted()[1], closed[1]);
});

test("a name says all of a segment, and what is none has no name of one", () => {
  const segment = { number: 7, from: START, until: START + 1, lines: 3, gap: 250, isCut: true };

  assert.deepEqual(segmentNamed(nameOfSegment(segment)), segment);
  for (const name of ["a.log", "000000001_x_y_2.log", "000000001_20261123T013000.000Z_20261123T013100.000Z_2.log.gz"])
    assert.equal(segmentNamed(name), undefined);
});

test("whenever the power goes, no line is lost that was on the disk, none is there twice, and none is half", async () => {
  let cuts = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const { clock, disk, begin, contents } = aWorld();
    const safe: string[] = [];
    for (const life of [0, 1, 2]) {
      const segments = await begin();
      segments.resume();
      // From some moment on nothing that is begun is ever done: that is where the power goes.
      disk.troubles = { pause: () => (random.next() < 0.1 ? new Promise<void>(() => {}) : Promise.resolve()) };
      let isOver = false;
      const work = async () => {
        for (let n = 0; n < 12; n++) {
          const line = `${life}-${n}`;
          // In two pieces, as pipes give them.
          await segments.write(text(line.slice(0, 2)));
          await segments.write(text(`${line.slice(2)}\n`));
          await segments.look();
          safe.push(line);
        }
        isOver = true;
      };
      void work();
      await clock.advance(SECOND);
      cuts += isOver ? 0 : 1;
      disk.troubles = {};
      disk.cutPower(random);
    }
    await begin();
    const all = (await contents()).join("");
    assert.match(all, /^(\d-\d+\n)*$/, `seed ${seed}: ${JSON.stringify(all)}`);
    const lines = all.split("\n").slice(0, -1);
    assert.equal(new Set(lines).size, lines.length, `seed ${seed}: a line is there twice`);
    const lost = safe.filter((line) => !lines.includes(line));
    assert.deepEqual(lost, [], `seed ${seed}`);
  }
  assert.ok(cuts > 300, `${cuts} of 900 lives ended on the way`);
});
