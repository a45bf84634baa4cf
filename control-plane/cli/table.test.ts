import assert from "node:assert/strict";
import test from "node:test";
import picocolors from "picocolors";
import { cellOf, coloured, humanBytes, localTime, valueAt } from "./cells.ts";
import { fitting, renderOutput } from "./table.ts";

const plain = { colours: picocolors.createColors(false), width: undefined, headers: true, columns: undefined };
const at = 1_767_225_600_000;

const cells: readonly (readonly [column: string, value: unknown, cell: string])[] = [
  ["name", undefined, "-"],
  ["name", "", "-"],
  ["uses", 0, "0"],
  ["value", 0.349545483, "0.349545"],
  ["value", Number.NaN, "NaN"],
  ["dangerous", false, "false"],
  ["createdAt", at, localTime(at)],
  ["at", at, localTime(at)],
  ["knownUpTo", at, localTime(at)],
  ["fullSince", at, localTime(at)],
  ["newestHour", at, localTime(at)],
  ["copiesUpTo", -1, "-1"],
  ["format", at, String(at)],
  ["latest", at, String(at)],
  ["createdAt", 0, "0"],
  ["freeBytes", 1536, "1.5 KiB"],
  ["bytesAtMost", 1536, "1.5 KiB"],
  ["labels", { site: "berlin", role: "gw" }, "site=berlin, role=gw"],
  ["labels", {}, "-"],
  ["roles", ["viewer", "owner"], "viewer, owner"],
  ["name", "a\u001b[31mb\nc\u202ed", "a\u241b[31mb\u240ac<U+202E>d"],
  ["labels", { "\u0007": "x" }, "\u2407=x"],
];
for (const [column, value, cell] of cells)
  test(`${JSON.stringify(value)} in column ${column} is shown as ${cell}`, () => {
    assert.equal(cellOf(column, value), cell);
  });

const sizes: readonly (readonly [number, string])[] = [
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [150 * 1024 ** 2, "150 MiB"],
  [2 * 1024 ** 5, "2.0 PiB"],
  [2 ** 70, "1048576 PiB"],
];
for (const [bytes, text] of sizes)
  test(`${bytes} bytes are ${text}`, () => {
    assert.equal(humanBytes(bytes), text);
  });

test("a column reaches into what is nested, also where keys hold dots", () => {
  const row = { agent: { version: "1.2" }, inventory: { "os.name": "Debian" } };

  assert.equal(valueAt(row, "agent.version"), "1.2");
  assert.equal(valueAt(row, "inventory.os.name"), "Debian");
  assert.equal(valueAt(row, "inventory.os.version"), undefined);
  assert.equal(valueAt(row, "constructor"), undefined);
});

test("a list is a table of its usual columns", () => {
  const rows = [
    { id: "1", name: "gw-1", presence: "online", state: "active", agent: { version: "0.1" }, labels: {} },
    { id: "2", name: "gw-22", presence: "silent", state: "active", agent: { version: "0.1" }, labels: { a: "b" } },
  ];

  assert.equal(
    renderOutput("cpl/dm/device/list", { items: rows }, { ...plain, columns: ["name", "presence", "labels"] }),
    "NAME   PRESENCE  LABELS\ngw-1   online    -\ngw-22  silent    a=b\n",
  );
});

test("the devices of a rollout are a line each, with why", () => {
  const target = {
    device: "d1",
    wave: 0,
    state: "failed",
    detail: "exit code 1",
    job: "j1",
    endedAt: 0,
    tries: { device: 1 },
  };

  assert.equal(
    renderOutput("cpl/dm/rollout/targets", { items: [{ target, name: "gw-1", text: "" }] }, plain),
    "NAME  TARGET STATE  TEXT  TARGET DETAIL  TARGET JOB  TARGET ENDED AT\ngw-1  failed        -     exit code 1    j1          0\n",
  );
});

test("without headers only the values are left", () => {
  const style = { ...plain, headers: false, columns: ["name"] };

  assert.equal(renderOutput("cpl/dm/device/list", { items: [{ name: "gw-1" }] }, style), "gw-1\n");
  assert.equal(renderOutput("cpl/dm/device/list", { items: [] }, style), "");
});

test("an empty list says so", () => {
  assert.equal(renderOutput("cpl/dm/device/list", { items: [] }, plain), "nothing found\n");
});

test("one thing is shown field by field, its identity first", () => {
  const thing = { labels: { site: "berlin" }, version: 3, id: "1", state: "active" };

  assert.equal(
    renderOutput("cpl/dm/device/find", thing, plain),
    "id           1\nstate        active\nlabels.site  berlin\nversion      3\n",
  );
});

test("lists inside one thing become tables below it", () => {
  const detail = { job: { id: "j" }, steps: [{ id: "c", state: "sent" }] };

  assert.equal(renderOutput("cpl/dm/job/find", detail, plain), "job.id  j\n\nsteps\nID  STATE\nc   sent\n");
});

test("on a narrow screen the last columns are left out, never the first", () => {
  assert.equal(fitting([10, 10, 10], 34), 3);
  assert.equal(fitting([10, 10, 10], 33), 2);
  assert.equal(fitting([10, 10, 10], 4), 1);
});

test("states are coloured, and other words are not", () => {
  const colours = picocolors.createColors(true);

  assert.equal(coloured("presence", "online", colours), colours.green("online"));
  assert.equal(coloured("job.state", "failed", colours), colours.red("failed"));
  assert.equal(coloured("name", "online", colours), "online");
  assert.equal(coloured("state", "constructor", colours), "constructor");
});
