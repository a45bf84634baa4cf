import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { csvOf, type Cell } from "./csv.ts";

/** As a spreadsheet reads it: RFC 4180. */
function read(text: string): readonly string[][] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n)/gy;
  for (const [, quoted, plain = "", end] of text.matchAll(cell)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

test("no text is taken for a formula, whatever a device calls itself", () => {
  const hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\u200b=1", "\ufeff@x", "＝1", '=HYPERLINK("x","y")'];

  for (const text of hostile) assert.equal(read(csvOf([[text]]))[0]?.[0], `'${text}`);
});

test("what is written is read again, cell by cell; only what could be a formula has an apostrophe more", () => {
  const cells = fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(cells), (rows) => {
      const again = read(csvOf(rows));

      assert.deepEqual(
        again.map((row, place) => row.map((cell, column) => (cell === rows[place]?.[column] ? cell : cell.slice(1)))),
        rows,
      );
      assert.ok(again.flat().every((cell) => !/^[=+\-@\t\r\n]/.test(cell)));
    }),
  );
});

test("a number stays a number, and what is none is empty", () => {
  const row: readonly Cell[] = [-1.5, 0, 1e21, Number.NaN, Number.POSITIVE_INFINITY, undefined];

  assert.equal(csvOf([row]), "-1.5,0,1e+21,,,\r\n");
});
