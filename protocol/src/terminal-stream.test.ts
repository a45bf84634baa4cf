import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { v1 } from "./messages.ts";
import { TerminalStream, terminalWindows, type TerminalHeard, type TerminalWord } from "./terminal-stream.ts";

type Segment = v1.TerminalSegment.$Properties;

/** Two ends, and what is on its way between them. */
function twoEnds({ up, down }: { readonly up: number; readonly down: number } = terminalWindows) {
  const device = new TerminalStream({ sends: up, hears: down });
  const control = new TerminalStream({ sends: down, hears: up });
  const heard = { device: [] as TerminalHeard[], control: [] as TerminalHeard[] };
  const travel = (
    from: TerminalStream,
    to: "device" | "control",
    now: number,
    fate: (segment: Segment) => readonly Segment[],
  ) => {
    const end = { device, control }[to];
    for (const segment of from.due(now).flatMap(fate)) {
      // As it would come off the wire.
      const said = end.hear(v1.TerminalSegment.decode(v1.TerminalSegment.encode(segment).finish()), now);
      if (said === undefined) continue;
      heard[to].push(said);
      if ("data" in said) end.taken(said.data.length);
    }
  };
  return { device, control, heard, travel };
}

const arrives = (segment: Segment) => [segment];
const textOf = (heard: readonly TerminalHeard[]) =>
  Buffer.concat(heard.flatMap((each) => ("data" in each ? [each.data] : []))).toString();
const wordsOf = (heard: readonly TerminalHeard[]) => heard.filter((each): each is TerminalWord => !("data" in each));
const size = (columns: number) => ({ size: { columns, rows: 24 } });

test("what is said is heard in its order, words between the bytes that they stand between", () => {
  const { device, control, heard, travel } = twoEnds();
  control.write(Buffer.from("ls\r"));
  control.say(size(100));
  control.write(Buffer.from("exit\r"));

  travel(control, "device", 0, arrives);

  assert.deepEqual(
    heard.device.map((each) => ("data" in each ? Buffer.from(each.data).toString() : each)),
    ["ls\r", size(100), "exit\r"],
  );
  assert.equal(control.isHeard, false);
  travel(device, "control", 100, arrives);
  assert.equal(control.isHeard, true);
});

test("never more is under way than the other side has asked for, and the rest follows when it has", () => {
  const { device, control, heard, travel } = twoEnds({ up: 1_000, down: 100 });
  device.write(Buffer.alloc(2_500, "x"));

  // Nothing of it is dealt with: what is heard lies before whoever reads.
  for (const segment of device.due(0)) control.hear(segment, 0);
  assert.deepEqual(device.due(10), []);
  assert.equal(device.waiting, 2_500);

  control.taken(1_000);
  travel(control, "device", 60, arrives);
  assert.equal(device.waiting, 1_500);
  travel(device, "control", 70, arrives);
  assert.equal(textOf(heard.control).length, 1_000);
});

test("what is lost is said again after two seconds, or at once over a new connection", () => {
  const { device, heard, travel } = twoEnds();
  device.write(Buffer.from("lost"));
  travel(device, "control", 0, () => []);

  travel(device, "control", 1_999, arrives);
  assert.equal(textOf(heard.control), "");
  travel(device, "control", 2_000, arrives);
  assert.equal(textOf(heard.control), "lost");

  device.write(Buffer.from(", and found"));
  travel(device, "control", 2_100, () => []);
  device.sayAgain(2_200);
  travel(device, "control", 2_200, arrives);
  assert.equal(textOf(heard.control), "lost, and found");
});

test("who has nothing to say gives a sign of life every five seconds", () => {
  const { device } = twoEnds();

  const said = [0, 4_999, 5_000, 9_999, 10_000].map((at) => device.due(at).length);

  assert.deepEqual(said, [1, 0, 1, 0, 1]);
});

test("whatever is lost, doubled or late on the way: everything arrives once and in order, within the windows", () => {
  const turn = fc.record({
    typed: fc.string({ maxLength: 30 }),
    shown: fc.string({ maxLength: 300 }),
    columns: fc.option(fc.integer({ min: 1, max: 1_000 })),
    pause: fc.integer({ min: 1, max: 3_000 }),
    fates: fc.array(fc.constantFrom("arrives", "lost", "twice", "late"), { minLength: 1, maxLength: 8 }),
    isNew: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 30 }), (turns) => {
      const { device, control, heard, travel } = twoEnds({ up: 200, down: 20 });
      const late: Segment[] = [];
      let now = 0;
      for (const { typed, shown, columns, pause, fates, isNew } of turns) {
        let count = 0;
        const fate = (segment: Segment): readonly Segment[] => {
          const fate = fates[count++ % fates.length];
          if (fate === "lost") return [];
          if (fate === "twice") return [segment, segment];
          if (fate === "late") late.push(segment);
          return fate === "late" ? late.splice(0, late.length - 1) : [segment];
        };
        control.write(Buffer.from(typed));
        if (columns !== null) control.say(size(columns));
        device.write(Buffer.from(shown));
        now += pause;
        if (isNew) device.sayAgain(now);
        travel(control, "device", now, fate);
        late.length = 0;
        travel(device, "control", now, fate);
        late.length = 0;
      }
      for (let round = 0; round < 600 && !(device.isHeard && control.isHeard); round++) {
        now += 2_000;
        travel(control, "device", now, arrives);
        travel(device, "control", now, arrives);
      }
      assert.equal(textOf(heard.device), turns.map(({ typed }) => typed).join(""));
      assert.equal(textOf(heard.control), turns.map(({ shown }) => shown).join(""));
      assert.deepEqual(
        wordsOf(heard.device),
        turns.flatMap(({ columns }) => (columns === null ? [] : [size(columns)])),
      );
    }),
    { numRuns: 200 },
  );
});
