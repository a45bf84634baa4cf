import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { backupBytes, backupItems, DamagedBackup, type BackupItem } from "./backup-format.ts";

const head = { format: 2, generation: 1, trustDomain: "t", version: "0", createdAt: 1 };

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function bytesOf(entries: readonly (readonly [string, Uint8Array])[], files: readonly string[] = []) {
  const content = {
    head,
    files: files.map((name) => ({ name, content: Buffer.from(name) })),
    entries: each(entries),
  };
  const pieces: Uint8Array[] = [];
  for await (const piece of backupBytes(content, () => {})) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function itemsOf(...chunks: readonly Uint8Array[]): Promise<readonly BackupItem[]> {
  const items: BackupItem[] = [];
  for await (const item of backupItems(each(chunks))) items.push(item);
  return items;
}

test("what goes in comes out, in order, however the bytes are cut", async () => {
  const entry = fc.tuple(fc.string({ unit: "grapheme" }), fc.uint8Array({ maxLength: 200 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry),
      fc.array(fc.string()),
      fc.integer({ min: 1, max: 97 }),
      async (entries, files, cut) => {
        const bytes = await bytesOf(entries, files);
        const chunks = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
          bytes.subarray(i * cut, (i + 1) * cut),
        );

        const items = await itemsOf(...chunks);

        assert.deepEqual(items[0], { kind: "head", head });
        assert.deepEqual(
          items.flatMap((item) => (item.kind === "file" ? [item.name] : [])),
          files,
        );
        assert.deepEqual(
          items.flatMap((item) => (item.kind === "entry" ? [[item.key, Uint8Array.from(item.value)]] : [])),
          entries,
        );
        const last = items.at(-1);
        assert.equal(last?.kind === "end" && last.end.entries, entries.length);
      },
    ),
  );
});

const small = () =>
  bytesOf(
    [
      ["a", Buffer.from("1")],
      ["b", Buffer.from("2")],
    ],
    ["root.pem"],
  );

test("a backup that breaks off anywhere is refused", async () => {
  const bytes = await small();

  for (let end = 0; end < bytes.length; end++)
    await assert.rejects(itemsOf(bytes.subarray(0, end)), DamagedBackup, `cut at ${end}`);
});

test("a backup in which any byte is another is refused", async () => {
  const bytes = await small();

  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed[i] = (changed[i] ?? 0) ^ 0x10;
    await assert.rejects(itemsOf(changed), DamagedBackup, `changed at ${i}`);
  }
});

test("a backup that lacks an entry, has one twice, or goes on after its end is refused", async () => {
  const one = await bytesOf([["a", Buffer.from("1")]]);
  const frame = 9 + 1 + 1 + 4;
  const at = one.indexOf(Buffer.from([0x45, 0, 0, 0, 1, 0, 0, 0, 1]));
  const entry = one.subarray(at, at + frame);

  await assert.rejects(itemsOf(Buffer.concat([one.subarray(0, at), one.subarray(at + frame)])), DamagedBackup);
  await assert.rejects(itemsOf(Buffer.concat([one.subarray(0, at), entry, one.subarray(at)])), DamagedBackup);
  await assert.rejects(itemsOf(Buffer.concat([one, entry])), DamagedBackup);
});
