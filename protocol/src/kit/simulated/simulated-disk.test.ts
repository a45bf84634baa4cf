import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "../env.ts";
import { seededRandom, SimulatedDisk } from "./index.ts";

const chance = (value: number): Random => ({ ...seededRandom(0), next: () => value });
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const read = async (disk: SimulatedDisk, path: string) => {
  const content = await disk.read(path);
  return content && Buffer.from(content).toString();
};
/** What is asked of the disk from now on is seen and never becomes safe. */
const stopSettling = (disk: SimulatedDisk) => {
  disk.troubles = { pause: () => new Promise<void>(() => {}) };
};

test("a power cut while a file is replaced leaves the old content or the new", async () => {
  const disk = new SimulatedDisk();
  await disk.write("a", bytes("old"));
  stopSettling(disk);
  void disk.write("a", bytes("new"));
  const later = disk.image(chance(0));

  disk.cutPower(chance(0));
  assert.equal(await read(disk, "a"), "old");
  assert.equal(await read(later, "a"), "old");

  void disk.write("a", bytes("new"));
  disk.cutPower(chance(0.99));
  assert.equal(await read(disk, "a"), "new");
});

test("a power cut may undo a new name, a rename and a removal of which nobody was told that they are done", async () => {
  const disk = new SimulatedDisk();
  await disk.write("gone", bytes("1"));
  await disk.write("from", bytes("2"));
  stopSettling(disk);
  void disk.append("fresh");
  void disk.rename("from", "to");
  void disk.remove("gone");
  assert.deepEqual(await disk.list(""), ["fresh", "to"]);

  disk.cutPower(chance(0));

  assert.deepEqual(await disk.list(""), ["from", "gone"]);
});

test("of changes that were under way a power cut keeps the first ones, each whole", async () => {
  const disk = new SimulatedDisk();
  stopSettling(disk);
  void disk.write("a", bytes("1"));
  void disk.rename("a", "b");
  void disk.write("a", bytes("2"));

  disk.cutPower(chance(0.5));

  assert.deepEqual([await read(disk, "a"), await read(disk, "b")], [undefined, "1"]);
});

test("a cut of a file that a power cut undoes brings its end back", async () => {
  const disk = new SimulatedDisk();
  await disk.write("a", bytes("12345"));
  stopSettling(disk);
  void disk.truncate("a", 2);
  assert.equal(await read(disk, "a"), "12");

  disk.cutPower(chance(0));

  assert.equal(await read(disk, "a"), "12345");
});

test("after a failed sync the bytes are seen, a later sync says it is well, and a power cut shows that they never were written", async () => {
  const disk = new SimulatedDisk();
  const file = await disk.append("a");
  await file.write(bytes("one "));
  await file.sync();
  await file.write(bytes("two "));
  disk.troubles = { failsToSync: () => true };
  await assert.rejects(file.sync(), { code: "EIO" });
  disk.troubles = {};
  await file.write(bytes("three"));
  await file.sync();
  assert.equal(await read(disk, "a"), "one two three");

  disk.cutPower(chance(0));

  assert.equal(await read(disk, "a"), "one \0\0\0\0three");
});

test("a bit that flips changes one byte of one file and nothing else", async () => {
  const disk = new SimulatedDisk();
  await disk.write("a", bytes("aaaa"));
  await disk.write("b", bytes("bbbb"));

  assert.equal(disk.flipBit(chance(0.5)), "/b");

  assert.equal(await read(disk, "a"), "aaaa");
  assert.equal(await read(disk, "b"), "rbbb");
});

test("a disk that others fill takes what there is room for, and all again when they leave", async () => {
  const disk = new SimulatedDisk(100);
  await disk.write("a", bytes("1234"));
  disk.leaveRoom(2);
  const file = await disk.append("b");

  await assert.rejects(file.write(bytes("1234")), { code: "ENOSPC" });
  assert.equal(await read(disk, "b"), "12");

  disk.leaveRoom();
  await file.write(bytes("34"));
  assert.equal(disk.usedBytes, 8);
});

test("the bytes below a folder are those of all its files, and of no other", async () => {
  const disk = new SimulatedDisk();
  await disk.write("a/1", bytes("12"));
  await disk.write("a/b/2", bytes("345"));
  await disk.write("ab", bytes("6789"));

  assert.equal(disk.bytesBelow("a"), 5);
});

test("an image holds what was safe when it was made, whatever becomes of the disk", async () => {
  const disk = new SimulatedDisk();
  await disk.write("a", bytes("then"));
  const file = await disk.append("b");
  await file.write(bytes("not synced"));
  const image = disk.image(chance(0));
  await disk.write("a", bytes("now"));
  await disk.write("c", bytes("more"));

  disk.restore(image);

  assert.deepEqual(await disk.list(""), ["a", "b"]);
  assert.deepEqual([await read(disk, "a"), await read(disk, "b"), disk.usedBytes], ["then", "", 4]);
});
