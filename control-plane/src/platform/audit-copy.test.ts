import assert from "node:assert/strict";
import { test } from "node:test";
import { AuditCopy, CopyContradicts, type CopyLine } from "./audit-copy.ts";
import { anAuditLog } from "./audit-log.test-support.ts";

async function allOf(copy: AuditCopy, after?: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const line of copy.lines(after))
    found.push("entry" in line ? String(Number(line.entry.id)) : `head ${line.head.number}`);
  return found;
}
const asLines = (entries: readonly unknown[]) => entries.map((entry) => ({ entry }) as CopyLine);

test("a copy goes on after a restart where it ended", async () => {
  const { disk, add, rows } = await anAuditLog(2);
  await add(1);

  const copy = new AuditCopy(disk);
  assert.equal((await copy.end()).number, 2);
  await copy.append(asLines((await rows()).slice(2)));

  assert.deepEqual(await allOf(copy), ["1", "2", "head 2", "3"]);
  assert.deepEqual(await allOf(copy, 2), ["3"]);
});

test("a line that a power cut tore is written once more, and read once", async () => {
  const { disk, add, rows } = await anAuditLog(2);
  await add(1);
  const name = (await disk.list(""))[0] ?? "";
  const appender = await disk.append(name);
  await appender.write(Buffer.from('{"entry":{"id":"00000000'));
  await appender.close();

  const copy = new AuditCopy(disk);
  await copy.append(asLines((await rows()).slice(2)));

  assert.deepEqual(await allOf(new AuditCopy(disk)), ["1", "2", "head 2", "3"]);
});

test("what does not go on where the copy ends is refused, and the copy stays as it is", async () => {
  const { copy, add, rows } = await anAuditLog(2);
  await add(2);

  await assert.rejects(copy.append(asLines((await rows()).slice(3))), CopyContradicts);

  assert.deepEqual(await allOf(copy), ["1", "2", "head 2"]);
});

test("a copy goes on in another file after ten thousand entries", async () => {
  const { disk, add, rows } = await anAuditLog(0);
  await add(10_001);
  const copy = new AuditCopy(disk);

  await copy.append(asLines(await rows()));

  assert.deepEqual(await disk.list(""), ["audit-0000000000000001.jsonl", "audit-0000000000010001.jsonl"]);
  assert.equal((await new AuditCopy(disk).end()).number, 10_001);
  assert.deepEqual(await allOf(copy, 9_999), ["10000", "10001"]);
});

test("a copy that is set aside makes room for one that begins anew", async () => {
  const { copy, disk, rows } = await anAuditLog(2);

  await copy.setAside("replaced-1");

  assert.deepEqual(await disk.list("replaced-1"), ["audit-0000000000000001.jsonl"]);
  assert.equal((await copy.end()).number, 0);
  await copy.append(asLines(await rows()));
  assert.deepEqual(await allOf(copy), ["1", "2"]);
});
