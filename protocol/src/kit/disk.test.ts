import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Disk, Random } from "./env.ts";
import { nodeDisk } from "./node-env.ts";
import { seededRandom, SimulatedDisk } from "./simulated/index.ts";

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "edgemere-disk-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
const disks: Readonly<Record<string, (t: TestContext) => Disk>> = {
  "a folder": (t) => nodeDisk(join(aFolder(t), "data")),
  "a simulated disk": () => new SimulatedDisk(),
};
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const read = async (disk: Disk, path: string) => {
  const content = await disk.read(path);
  return content && Buffer.from(content).toString();
};

async function appended(disk: Disk, path: string, ...texts: readonly string[]): Promise<void> {
  const file = await disk.append(path);
  for (const text of texts) await file.write(bytes(text));
  await file.sync();
  await file.close();
}

for (const [name, makeDisk] of Object.entries(disks)) {
  test(`${name} gives back what was written, and undefined where there is nothing`, async (t) => {
    const disk = makeDisk(t);

    await disk.write("a/b/c", bytes("content"));

    assert.equal(await read(disk, "a/b/c"), "content");
    assert.equal(await disk.read("a/b/d"), undefined);
    assert.equal(await disk.read("x/y"), undefined);
    assert.equal(await disk.read("a/b/c/d"), undefined);
  });

  test(`an empty file on ${name} is there and empty`, async (t) => {
    const disk = makeDisk(t);

    await disk.write("empty", bytes(""));

    assert.equal(await read(disk, "empty"), "");
    assert.deepEqual(await disk.list(""), ["empty"]);
  });

  test(`a write on ${name} replaces the whole file`, async (t) => {
    const disk = makeDisk(t);

    await disk.write("a", bytes("something long"));
    await disk.write("a", bytes("short"));

    assert.equal(await read(disk, "a"), "short");
  });

  test(`of two writes of one file on ${name} at once the later call wins`, async (t) => {
    const disk = makeDisk(t);
    const writes = Array.from({ length: 20 }, (_, i) => disk.write("a", bytes(`content ${i}`)));

    await Promise.all(writes);

    assert.equal(await read(disk, "a"), "content 19");
  });

  test(`what is done to bytes after they were written or read does not change ${name}`, async (t) => {
    const disk = makeDisk(t);
    const content = bytes("content");

    await disk.write("a", content);
    content.fill(0);
    (await disk.read("a"))?.fill(0);

    assert.equal(await read(disk, "a"), "content");
  });

  test(`${name} lists the files of a folder by name, without folders and what is in them`, async (t) => {
    const disk = makeDisk(t);
    await disk.write("f/b", bytes(""));
    await disk.write("f/a", bytes(""));
    await disk.write("f/sub/c", bytes(""));
    await disk.write("fa", bytes(""));

    assert.deepEqual(await disk.list("f"), ["a", "b"]);
    assert.deepEqual(await disk.list(""), ["fa"]);
    assert.deepEqual(await disk.list("nowhere"), []);
    assert.deepEqual(await disk.list("fa"), []);
  });

  test(`no path leads out of ${name}`, async (t) => {
    const disk = makeDisk(t);

    await disk.write("../../etc/passwd", bytes("ours"));

    assert.deepEqual(await disk.list("etc"), ["passwd"]);
    assert.equal(await read(disk, "/etc/passwd"), "ours");
  });

  test(`appending on ${name} makes a file and its folder, and goes on where it ended`, async (t) => {
    const disk = makeDisk(t);

    await appended(disk, "log/1", "one ", "two ");
    await appended(disk, "log/1", "three");

    assert.equal(await read(disk, "log/1"), "one two three");
  });

  test(`an appender on ${name} knows how long the file is`, async (t) => {
    const disk = makeDisk(t);
    await disk.write("a", bytes("12345"));

    const file = await disk.append("a");
    const before = file.size;
    await file.write(bytes("678"));

    assert.deepEqual([before, file.size], [5, 8]);
    await file.close();
  });

  test(`a closed appender on ${name} takes no more`, async (t) => {
    const file = await makeDisk(t).append("a");
    await file.close();

    await assert.rejects(file.write(bytes("x")), { code: "EBADF" });
    await assert.rejects(file.sync(), { code: "EBADF" });
  });

  test(`a file on ${name} is cut, and never made longer by it`, async (t) => {
    const disk = makeDisk(t);
    await disk.write("a", bytes("12345"));

    await disk.truncate("a", 10);
    assert.equal(await read(disk, "a"), "12345");
    await disk.truncate("a", 2);
    assert.equal(await read(disk, "a"), "12");
    await appended(disk, "a", "x");
    assert.equal(await read(disk, "a"), "12x");
  });

  test(`a file on ${name} is renamed into another folder, over what was there`, async (t) => {
    const disk = makeDisk(t);
    await disk.write("from", bytes("new"));
    await disk.write("there/to", bytes("old"));

    await disk.rename("from", "there/to");

    assert.equal(await read(disk, "there/to"), "new");
    assert.equal(await disk.read("from"), undefined);
  });

  test(`what is not on ${name} can be removed, and neither cut nor renamed`, async (t) => {
    const disk = makeDisk(t);
    await disk.write("other", bytes(""));

    await assert.doesNotReject(disk.remove("a"));
    await assert.doesNotReject(disk.remove("nowhere/a"));
    await assert.rejects(disk.truncate("a", 0), { code: "ENOENT" });
    await assert.rejects(disk.rename("a", "b"), { code: "ENOENT" });
  });

  test(`a file that was removed from ${name} is gone, and its neighbours are not`, async (t) => {
    const disk = makeDisk(t);
    await disk.write("f/a", bytes("a"));
    await disk.write("f/b", bytes("b"));

    await disk.remove("f/a");

    assert.deepEqual(await disk.list("f"), ["b"]);
  });

  test(`${name} knows how much room there is`, async (t) => {
    const { freeBytes, totalBytes } = await makeDisk(t).space();

    assert.ok(freeBytes > 0 && freeBytes <= totalBytes);
  });
}

test("only their owner may read files and folders that are made", async (t) => {
  const root = join(aFolder(t), "data");
  const disk = nodeDisk(root);
  await disk.write("keys/secret", bytes("secret"));
  await appended(disk, "spool/1", "record");

  const modes = ["", "keys", "keys/secret", "spool", "spool/1"].map((path) => statSync(join(root, path)).mode & 0o777);

  assert.deepEqual(modes, [0o700, 0o700, 0o600, 0o700, 0o600]);
});

test("a write that a crash left unfinished is not listed, and the next write replaces it", async (t) => {
  const root = aFolder(t);
  writeFileSync(join(root, "a.unfinished"), "half");
  const disk = nodeDisk(root);

  assert.deepEqual(await disk.list(""), []);
  await disk.write("a", bytes("whole"));

  assert.deepEqual(readdirSync(root), ["a"]);
});

test("a write that fails leaves the old file, nothing half, and the next write works", async (t) => {
  const root = aFolder(t);
  const disk = nodeDisk(root);
  mkdirSync(join(root, "folder"));

  await assert.rejects(disk.write("folder", bytes("x")), { code: "EISDIR" });
  await disk.write("a", bytes("content"));

  assert.equal(existsSync(join(root, "folder.unfinished")), false);
  assert.equal(await read(disk, "a"), "content");
});

test("what cannot be read for another reason than absence is an error and not absent", async (t) => {
  const root = aFolder(t);
  mkdirSync(join(root, "folder"));

  await assert.rejects(nodeDisk(root).read("folder"), { code: "EISDIR" });
});

const chance = (value: number): Random => ({ ...seededRandom(0), next: () => value });

test("a power cut takes what was not synced from a simulated disk, and nothing else", async () => {
  const disk = new SimulatedDisk();
  const file = await disk.append("a");
  await file.write(bytes("synced "));
  await file.sync();
  await file.write(bytes("lost"));
  await disk.write("b", bytes("written"));

  disk.cutPower(chance(0));

  assert.equal(await read(disk, "a"), "synced ");
  assert.equal(await read(disk, "b"), "written");
});

test("a power cut may leave a record torn in the middle, and what is left is there after the next one too", async () => {
  const disk = new SimulatedDisk();
  const file = await disk.append("a");
  await file.write(bytes("12345678"));

  disk.cutPower(chance(0.5));
  assert.equal(await read(disk, "a"), "1234");

  disk.cutPower(chance(0));
  assert.equal(await read(disk, "a"), "1234");
});

test("a full simulated disk refuses writes as a full disk does, and takes them again when there is room", async () => {
  const disk = new SimulatedDisk(10);
  await disk.write("a", bytes("1234567"));
  const file = await disk.append("b");

  await assert.rejects(disk.write("c", bytes("1234")), { code: "ENOSPC" });
  await assert.rejects(file.write(bytes("1234")), { code: "ENOSPC" });
  assert.deepEqual([await read(disk, "b"), await disk.space()], ["123", { freeBytes: 0, totalBytes: 10 }]);
  await disk.remove("a");

  await assert.doesNotReject(file.write(bytes("4567")));
});
