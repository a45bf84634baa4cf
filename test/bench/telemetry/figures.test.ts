import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresText, withPart, type PartFigures } from "./figures.ts";

const figures = (part: string, cell: string): PartFigures => ({
  part,
  at: "2026-11-22",
  minutes: 12.5,
  machine: ["2 × CPU"],
  commit: "abc1234",
  skipped: ["influxd is not installed and is left out: apt-get install influxdb"],
  tables: [{ title: part, columns: ["", "ms"], rows: [["one", cell]] }],
});

test("a part that ran again takes the place of its former figures, and parts stand in their order", () => {
  const order = ["ingest", "day"];
  const first = [figures("day", "1"), figures("ingest", "2")].reduce(
    (former, fresh) => withPart(former, fresh, order),
    { parts: [] as readonly PartFigures[] },
  );

  const again = withPart(first, figures("day", "3"), order);

  assert.deepEqual(again.parts, [figures("ingest", "2"), figures("day", "3")]);
});

test("the page tells of each part what was measured, where, of which sources, and what was left out", () => {
  const text = figuresText({ parts: [figures("day", "1")] });

  for (const word of [
    "## day",
    "| one |",
    "Measured on 2026-11-22, in 12.5 minutes",
    "2 × CPU",
    "Commit abc1234",
    "apt-get install influxdb",
  ])
    assert.ok(text.includes(word), `${word} stands in ${text}`);
});
