import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aFolder } from "./database.test-support.ts";
import { silentLog } from "@edgemere/protocol/kit";
import { checkedValue, withChecksum } from "./checksum.ts";
import { rawLevelDatabase, type Operation } from "./database.ts";
import { keyOf } from "./keys.ts";
import { CannotOpenStore, levelDatabase, reopenableDatabase } from "./level-database.ts";
import { FORMAT, stamped, stampOf } from "./migrations.ts";

const KEY = keyOf("row", "note", "n1");
const FORMAT_KEY = stamped({ format: FORMAT }).key;
const stampedValue = () => withChecksum(FORMAT_KEY, Buffer.from(JSON.stringify({ format: FORMAT })));

test("a LevelDB folder of an older format is copied beside itself, then migrated", async (t) => {
  const folder = join(aFolder(t), "store");
  const old = await rawLevelDatabase(folder);
  await old.batch([{ type: "put", key: KEY, value: Buffer.from("as it was") }]);
  await old.close();

  const database = await levelDatabase(folder);
  assert.equal(Buffer.from((await database.get(KEY)) ?? []).toString(), "as it was");
  await database.close();

  const copy = await rawLevelDatabase(`${folder}.format-1`);
  assert.deepEqual(await stampOf(copy), { format: 1 });
  assert.equal(Buffer.from((await copy.get(KEY)) ?? []).toString(), "as it was");
  await copy.close();
});

test("a LevelDB folder of a newer format is refused and left as it is", async (t) => {
  const folder = join(aFolder(t), "store");
  const newer = await rawLevelDatabase(folder);
  await newer.batch([stamped({ format: FORMAT + 1 })]);
  await newer.close();

  await assert.rejects(levelDatabase(folder), (error) => error instanceof CannotOpenStore && error.why === "newer");

  const raw = await rawLevelDatabase(folder);
  assert.deepEqual(await stampOf(raw), { format: FORMAT + 1 });
  await raw.close();
});

test("a LevelDB folder that has lost its CURRENT is refused, and nothing in it is cleared away", async (t) => {
  const folder = join(aFolder(t), "store");
  await (await levelDatabase(folder)).close();
  await rm(join(folder, "CURRENT"));
  const before = await readdir(folder);

  await assert.rejects(levelDatabase(folder), (error) => error instanceof CannotOpenStore && error.why === "damaged");

  assert.deepEqual(await readdir(folder), before);
});

test("a LevelDB folder whose stamp of the format is damaged or gone is refused, and not migrated once more", async (t) => {
  const stamp = Buffer.from(stampedValue());
  const turned = Buffer.from(stamp);
  turned.write("0", stamp.indexOf(String(FORMAT)));
  const damages: Readonly<Record<string, Operation>> = {
    "another format": { type: "put", key: FORMAT_KEY, value: turned },
    "no format at all": { type: "put", key: FORMAT_KEY, value: stamp.subarray(4) },
    gone: { type: "del", key: FORMAT_KEY },
  };
  for (const [what, damage] of Object.entries(damages)) {
    const folder = join(aFolder(t), "store");
    const database = await levelDatabase(folder);
    await database.batch([{ type: "put", key: KEY, value: Buffer.from("as it was") }]);
    await database.close();
    const before = await rawLevelDatabase(folder);
    await before.batch([damage]);
    await before.close();

    await assert.rejects(
      levelDatabase(folder),
      (error) => error instanceof CannotOpenStore && error.why === "damaged",
      what,
    );

    const raw = await rawLevelDatabase(folder);
    const stored = (await raw.get(KEY)) ?? new Uint8Array();
    assert.equal(Buffer.from(checkedValue(KEY, stored) ?? []).toString(), "as it was", what);
    await raw.close();
  }
});

test("what LevelDB cannot read of its own log is told, and an end that was torn off is not", async (t) => {
  const told: string[] = [];
  const log = { ...silentLog, error: (message: string) => void told.push(message) };
  for (const [damage, tellings] of [
    ["turned", 1],
    ["torn", 0],
  ] as const) {
    const folder = join(aFolder(t), "store");
    const database = await levelDatabase(folder);
    for (const key of [KEY, keyOf("row", "note", "n2")])
      await database.batch([{ type: "put", key, value: Buffer.from("1") }]);
    await database.close();
    const file = join(folder, (await readdir(folder)).find((name) => /^\d+\.log$/.test(name)) ?? "");
    const content = await readFile(file);
    const turned = content.with(content.length - 10, 0xff);
    await writeFile(file, damage === "turned" ? turned : content.subarray(0, -10));

    await (await levelDatabase(folder, { log })).close();

    assert.equal(told.splice(0).length, tellings, damage);
  }
});

test("a database is opened anew under those who hold it", async (t) => {
  const database = await reopenableDatabase(join(aFolder(t), "store"), {});
  await database.batch([{ type: "put", key: KEY, value: Buffer.from("1") }]);

  await database.reopen();

  assert.equal(Buffer.from((await database.get(KEY)) ?? []).toString(), "1");
  await database.close();
});
