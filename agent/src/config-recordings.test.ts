import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { readConfig } from "./config.ts";

const refusal = (...argv: readonly string[]) => {
  try {
    readConfig(argv, {});
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
};
const UPS = ["--source", "ups=/srv/ups", "--source-user", "ups=nobody"];
const SHOP = ["--source", "shop=/srv/shop", "--source-user", "shop=nobody"];

test("a stream is a source whose program is said, with bounds that hold when nobody says others", () => {
  const [usual] = readConfig([...UPS, "--source-stream", "ups=/usr/bin/upslog -f"], {}).sources;
  const own = ["--source-segment", "ups=1h/1MiB", "--source-keep", "ups=2MiB", "--source-rate", "2KiB"];
  const [other] = readConfig([...UPS, ...own, "--source-stream", 'ups=["/bin/a","b c"]'], {}).sources;

  assert.deepEqual(usual?.records, {
    kind: "stream",
    argv: ["/usr/bin/upslog", "-f"],
    user: "nobody",
    segment: { time: 10 * MINUTE, bytes: 16 * 1024 ** 2 },
    keepBytes: 1024 ** 3,
    bytesPerSecond: 1024 ** 2,
  });
  assert.deepEqual(other?.records, {
    kind: "stream",
    argv: ["/bin/a", "b c"],
    user: "nobody",
    segment: { time: HOUR, bytes: 1024 ** 2 },
    keepBytes: 2 * 1024 ** 2,
    bytesPerSecond: 2_048,
  });
});

test("a database is a source whose address is said, without a password", () => {
  const recordsOf = (...argv: readonly string[]) => readConfig([...SHOP, ...argv], {}).sources[0]?.records;
  const usual = { kind: "database", user: "nobody", limit: { time: HOUR, bytes: 16 * 1024 ** 3 }, keep: 7 };

  assert.deepEqual(recordsOf("--source-database", "shop=postgresql:///shop"), {
    ...usual,
    database: { engine: "postgresql", name: "shop" },
    when: { every: 24 * HOUR },
  });
  const far = [
    "--source-database",
    "shop=postgresql://reader@[fd00::1]:5433/shop-2",
    "--source-password-file",
    "shop=/etc/pgpass",
  ];
  const often = ["--source-snapshot", "shop=03:15", "--source-keep", "shop=30", "--source-snapshot-limit", "5m/1GiB"];
  assert.deepEqual(recordsOf(...far, ...often), {
    ...usual,
    database: {
      engine: "postgresql",
      name: "shop-2",
      role: "reader",
      host: "fd00::1",
      port: 5433,
      passwordFile: "/etc/pgpass",
    },
    when: { minute: 195 },
    limit: { time: 5 * MINUTE, bytes: 1024 ** 3 },
    keep: 30,
  });
  assert.deepEqual(recordsOf("--source-database", "shop=sqlite:/var/lib/app/app.db", "--source-snapshot", "shop=6h"), {
    ...usual,
    database: { engine: "sqlite", name: "app.db", file: "/var/lib/app/app.db" },
    when: { every: 6 * HOUR },
  });
});

test("a directory that nothing fills is one as before", () => {
  assert.deepEqual(readConfig(["--source", "a=/a", "--source", "b=/a/b"], {}).sources, [
    { name: "a", path: "/a", tags: {} },
    { name: "b", path: "/a/b", tags: {} },
  ]);
});

test("what makes no sense of what is recorded is refused with a word on what would", () => {
  const stream = [...UPS, "--source-stream", "ups=/usr/bin/ups"];
  const database = [...SHOP, "--source-database", "shop=sqlite:/app.db"];
  const table: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [["--source-stream", "ups=/x"], /--source-stream ups: there is no --source ups/],
    [[...stream, "--source-stream", "ups=/y"], /--source-stream ups is given twice/],
    [
      [...UPS, "--source-stream", "ups=ups -f"],
      /--source-stream ups: the program must be a whole path, such as \/usr\/bin\/ups/,
    ],
    [[...UPS, "--source-stream", "ups=[1]"], /--source-stream ups: \[1\] is no list of words/],
    [["--source", "a=/a", "--source-keep", "a=1GiB"], /--source-keep a: nothing is recorded there/],
    [
      [...stream, "--source-segment", "ups=10m"],
      /--source-segment ups: "10m" is not a time and a size such as 10m\/16MiB/,
    ],
    [[...stream, "--source-segment", "ups=0s/1MiB"], /--source-segment ups: "0s" is too small/],
    [[...stream, "--source-segment", "ups=10m/0KiB"], /--source-segment ups: "0KiB" is too small/],
    [[...stream, "--source-keep", "ups=16MiB"], /--source-keep ups: at least two segments/],
    [
      ["--source", "ups=/ups", "--source-stream", "ups=/x", "--source-user", "ups=root"],
      /--source-user ups: name a user other than root/,
    ],
    [
      [...stream, "--source", "b=/srv/ups/b"],
      /--source ups=\/srv\/ups: that is in, or has in it, the directory of --source b/,
    ],
    [
      [...stream, "--source", "b=/srv/../srv/ups/"],
      /the directory of --source b; what is recorded needs one of its own/,
    ],
    [[...stream, "--source", "b=/"], /the directory of --source b/],
    [
      [...SHOP, "--source-database", "shop=mysql://h/d"],
      /--source-database shop: "mysql" is no engine of databases; there are postgresql and sqlite/,
    ],
    [
      [...SHOP, "--source-database", "shop=sqlite:app.db"],
      /"app.db" must be the whole path of a database, such as sqlite:\/var/,
    ],
    [[...SHOP, "--source-database", "shop=postgresql://h"], /write postgresql:\/\/ROLE@HOST:PORT\/NAME/],
    [[...SHOP, "--source-database", "shop=postgresql://h/-d"], /write postgresql:\/\/ROLE@HOST:PORT\/NAME/],
    [
      [...SHOP, "--source-database", "shop=postgresql://me:secret@h/d"],
      /^(?!.*secret).*a password belongs into --source-password-file/,
    ],
    [
      [...database, "--source-stream", "shop=/x"],
      /--source-database shop: it is a stream by --source-stream; name another/,
    ],
    [
      [...database, "--source-segment", "shop=1m/1MiB"],
      /--source-segment shop: nothing is recorded there by --source-stream/,
    ],
    [[...database, "--source-snapshot", "shop=25:00"], /--source-snapshot shop: "25:00" is no time of day/],
    [[...database, "--source-snapshot", "shop=0s"], /--source-snapshot shop: "0s" is too small/],
    [
      [...database, "--source-snapshot-limit", "1h"],
      /--source-snapshot-limit: "1h" is not a time and a size such as 10m\/16MiB/,
    ],
    [[...database, "--source-keep", "shop=0"], /--source-keep shop: "0" is too small/],
    [[...database, "--source-password-file", "shop=/p"], /--source-password-file shop: SQLite has no passwords/],
    [
      [...stream, "--data", "/srv/ups/agent"],
      /--source ups=\/srv\/ups: the agent's own folder \/srv\/ups\/agent is closed to data/,
    ],
    [["--source", "ups=/", "--source-user", "ups=nobody", "--source-stream", "ups=/x"], /needs a directory of its own/],
  ];

  for (const [argv, message] of table) assert.match(refusal(...argv), message);
});

test(
  "what an agent of root records is said by a user who is named",
  { skip: process.getuid?.() !== 0 && "only root's agent asks" },
  () => {
    assert.match(
      refusal("--source", "ups=/srv/ups", "--source-stream", "ups=/x"),
      /--source-user ups: name a user other than root, who runs the program/,
    );
  },
);
