import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { csvLine, csvOf } from "./csv.ts";

const usual = { headers: true, columns: undefined };
const at = 1_767_225_600_000;

for (const [value, cell] of [
  ["plain", '"plain"'],
  ['say "hi", friend', '"say ""hi"", friend"'],
  ["=1+1", `"'=1+1"`],
  ["+1", `"'+1"`],
  ["-1", `"'-1"`],
  ["@SUM(A1)", `"'@SUM(A1)"`],
  ["|calc", `"'|calc"`],
  ["%0A=1", `"'%0A=1"`],
  ["  =1+1", `"'  =1+1"`],
  ["\uff1dHYPERLINK(1)", `"'\uff1dHYPERLINK(1)"`],
  ["\t=1+1", '"␉=1+1"'],
  ["\r\n=1+1", '"␍␊=1+1"'],
  ["a;=1+1", '"a;=1+1"'],
  ["\u001b]52;c;aGk=\u0007", '"␛]52;c;aGk=␇"'],
  ["\u202egpj", '"<U+202E>gpj"'],
  [-5, "-5"],
  [true, "true"],
  [undefined, ""],
  ["", '""'],
  [{ site: "=1" }, '"{""site"":""=1""}"'],
  [["=1"], '"[""=1""]"'],
] as const)
  test(`of ${JSON.stringify(value)} a spreadsheet reads ${cell}`, () => {
    assert.equal(csvLine([value]), `${cell}\r\n`);
  });

test("a list has its usual columns, or those that are asked for, with instants that a spreadsheet knows", () => {
  const output = { items: [{ at, name: "started", detail: "=cmd|' /C calc'!A0", more: 1 }], total: 1 };

  assert.equal(
    csvOf("cpl/dm/device/events", output, usual),
    `"at","name","detail"\r\n"2026-01-01T00:00:00.000Z","started","'=cmd|' /C calc'!A0"\r\n`,
  );
  assert.equal(csvOf("cpl/dm/device/events", output, { headers: false, columns: ["name"] }), '"started"\r\n');
  assert.equal(csvOf("cpl/dm/device/events", { items: [] }, usual), '"at","name","detail"\r\n');
});

test("one thing is one line, with what is nested under names with dots", () => {
  assert.equal(
    csvOf("cpl/dm/device/find", { id: "d1", agent: { version: "1" }, uses: 0 }, usual),
    '"id","agent.version","uses"\r\n"d1","1",0\r\n',
  );
});

test("series are a line for each value, with what tells the series, and what is missing is empty", () => {
  const shared = {
    step: "1m",
    at: [at, at + 60_000],
    series: [{ by: { site: "=1" }, metric: "load", value: [1.5, null] }],
  };
  const own = { device: "d1", series: [{ metric: "load", instance: "", at: [at], value: [2] }] };

  assert.equal(
    csvOf("cpl/ta/query", shared, usual),
    `"by.site","metric","at","value"\r\n"'=1","load","2026-01-01T00:00:00.000Z",1.5\r\n"'=1","load","2026-01-01T00:01:00.000Z",\r\n`,
  );
  assert.equal(
    csvOf("cpl/ta/history", own, usual),
    '"metric","instance","at","value"\r\n"load","","2026-01-01T00:00:00.000Z",2\r\n',
  );
  assert.equal(csvOf("cpl/ta/query", { at: [], series: [] }, usual), '"at","value"\r\n');
  assert.equal(csvOf("cpl/ta/query", shared, { headers: false, columns: ["value"] }), "1.5\r\n\r\n");
});

test("the lowest and the highest of a step stand beside its value, as columns of their own", () => {
  const series = [{ metric: "load", instance: "", at: [at, at + 60_000], value: [2, 3], low: [1, 2], high: [4, null] }];

  assert.equal(
    csvOf("cpl/ta/history", { device: "d1", series }, usual),
    `"metric","instance","at","value","low","high"\r\n"load","","2026-01-01T00:00:00.000Z",2,1,4\r\n"load","","2026-01-01T00:01:00.000Z",3,2,\r\n`,
  );
});

test("what a device measures and how much is a line for each, and not one cell", () => {
  const values = [{ metric: "load", instance: "", at, value: 2 }];

  assert.equal(
    csvOf("cpl/ta/latest", { device: "d1", resolution: "samples", values }, usual),
    '"metric","instance","value","at"\r\n"load","",2,"2026-01-01T00:00:00.000Z"\r\n',
  );
  assert.equal(csvOf("cpl/ta/latest", { device: "d1", values: [] }, usual), '"metric","instance","value","at"\r\n');
  assert.equal(
    csvOf("cpl/ta/metrics", { metrics: [{ metric: "load", instance: "eth0" }] }, usual),
    '"metric","instance"\r\n"load","eth0"\r\n',
  );
  assert.equal(csvOf("cpl/ta/adevice/find", { metrics: ["load"] }, usual), '"metrics"\r\n"[""load""]"\r\n');
});

test("whatever the text, a cell is one cell, is no formula, and holds nothing that acts on a screen", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const line = csvLine([text]);
      assert.match(line, /^"(?:[^"]|"")*"\r\n$/u);
      assert.doesNotMatch(line, /^"\s*[=+\-@|%]/u);
      assert.doesNotMatch(line.slice(0, -2), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
