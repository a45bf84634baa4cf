import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { BadArchive } from "../host-releases.ts";
import { HostError } from "../host.ts";
import { unpack } from "./unpack.ts";

interface Given {
  readonly name: string;
  readonly content?: string;
  readonly type?: string;
  readonly mode?: number;
  readonly prefix?: string;
  readonly size?: number;
}

/** A header of the form ustar, also of what no packer would make. */
function header({ name, content = "", type = "0", mode = 0o644, prefix = "", size = content.length }: Given): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, "latin1");
  block.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("        ", 148);
  block.write(type, 156);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345, 155, "latin1");
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return block;
}

const tarOf = (...given: readonly Given[]): Buffer =>
  Buffer.concat([
    ...given.flatMap((each) => {
      const content = Buffer.from(each.content ?? "");
      return [header(each), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
    }),
    Buffer.alloc(1024),
  ]);

async function aPlace(tar: Buffer, packed = gzipSync(tar)) {
  const folder = await mkdtemp(join(tmpdir(), "edgemere-unpack-"));
  const path = join(folder, "release.tar.gz");
  await writeFile(path, packed);
  const sha256 = createHash("sha256").update(packed).digest();
  return {
    path,
    to: join(folder, "a"),
    wanted: { path, sha256, bytes: packed.length, unpackedBytes: tar.length },
    at: (name: string) => join(folder, name),
    names: async () => (await readdir(folder)).sort(),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const running = () => new AbortController().signal;

test("files and folders of an archive are there, byte by byte, and programs may be run", async () => {
  const long = "x".repeat(100);
  await using place = await aPlace(
    tarOf(
      { name: "bin/run", content: "#!/bin/sh\n", mode: 0o755 },
      { name: "empty/", type: "5" },
      { name: "b/c/d", content: "z".repeat(70_000) },
      { name: long, prefix: "deep/er", content: "long" },
    ),
  );

  await unpack(place.wanted, place.to, running());

  assert.equal(await readFile(join(place.to, "b/c/d"), "utf8"), "z".repeat(70_000));
  assert.equal(await readFile(join(place.to, "deep/er", long), "utf8"), "long");
  assert.equal((await stat(join(place.to, "bin/run"))).mode & 0o700, 0o700);
  assert.ok((await stat(join(place.to, "empty"))).isDirectory());
});

const file = { name: "f", content: "x" };
for (const [what, given, message] of [
  ["that climbs out", [{ ...file, name: "../f" }], /is no path that a release may have/],
  ["that climbs out in the middle", [{ ...file, name: "a/../../f" }], /is no path/],
  ["that begins at the root", [{ ...file, name: "/etc/f" }], /is no path/],
  ["with a backslash", [{ ...file, name: "..\\f" }], /is no path/],
  ["with a control character", [{ ...file, name: "a\nb" }], /is no path/],
  ["that is too deep", [{ ...file, name: "a/".repeat(45) + "f" }], /is no path/],
  ["with a prefix that climbs out", [{ ...file, prefix: "../.." }], /is no path/],
  ["that is a symbolic link", [{ name: "f", type: "2" }], /neither a file nor a folder/],
  ["that is a hard link", [{ name: "f", type: "1" }], /neither a file nor a folder/],
  ["that is a device", [{ name: "f", type: "3" }], /neither a file nor a folder/],
  ["that is a pipe", [{ name: "f", type: "6" }], /neither a file nor a folder/],
  ["of the form pax", [{ name: "f", type: "x" }], /neither a file nor a folder/],
  ["with a long name of GNU", [{ name: "f", type: "L" }], /neither a file nor a folder/],
  ["that is sparse", [{ name: "f", type: "S" }], /neither a file nor a folder/],
  ["that is there twice", [file, file], /stands in it twice/],
  ["that is a file and a folder", [file, { ...file, name: "f/g" }], /refused/],
  ["that is a folder and a file", [{ ...file, name: "f/g" }, file], /stands in it twice/],
  ["of a folder with a content", [{ ...file, type: "5" }], /has a content/],
  ["of a size that is not there", [{ ...file, size: 5_000 }], /ends in the middle/],
] as const) {
  test(`an archive with an entry ${what} is refused, and nothing of it is left`, async () => {
    await using place = await aPlace(tarOf(...given));

    await assert.rejects(unpack(place.wanted, place.to, running()), message);

    assert.deepEqual(await place.names(), ["release.tar.gz"]);
  });
}

test("an archive that is cut, longer, swapped, or no gzip is refused, and nothing of it is left", async () => {
  const tar = tarOf({ name: "f", content: "content" });
  for (const spoil of [
    (path: string, bytes: number) => truncate(path, bytes - 1),
    (path: string, bytes: number) => truncate(path, bytes + 1),
    (path: string) => writeFile(path, gzipSync(tarOf({ name: "f", content: "CONTENT" }))),
    (path: string, bytes: number) => writeFile(path, Buffer.alloc(bytes)),
  ]) {
    await using place = await aPlace(tar);
    await spoil(place.path, place.wanted.bytes);
    await assert.rejects(unpack(place.wanted, place.to, running()), BadArchive);
    assert.deepEqual(await place.names(), ["release.tar.gz"]);
  }
});

test("what unpacks to more than was signed is refused while it is unpacked", async () => {
  const tar = tarOf({ name: "f", content: "0".repeat(1_000_000) });
  await using place = await aPlace(tar);

  await assert.rejects(
    unpack({ ...place.wanted, unpackedBytes: 10_000 }, place.to, running()),
    /more than the 10000 bytes/,
  );

  assert.deepEqual(await place.names(), ["release.tar.gz"]);
});

test("an archive that is a link, or for which there is no room, is not read", async () => {
  await using place = await aPlace(tarOf(file));
  await symlink(place.path, place.at("link"));

  await assert.rejects(unpack({ ...place.wanted, path: place.at("link") }, place.to, running()), HostError);
  await assert.rejects(unpack({ ...place.wanted, unpackedBytes: 2 ** 50 }, place.to, running()), /are free/);
});

test("whatever becomes of the bytes of a tar, nothing is written outside of its folder", async () => {
  const tar = tarOf({ name: "bin/run", content: "x".repeat(600), mode: 0o755 }, { name: "d/", type: "5" }, file);
  const change = fc.tuple(fc.nat(tar.length - 1), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const spoilt = Buffer.from(tar);
      for (const [at, byte] of changes) spoilt[at] = byte;
      await using place = await aPlace(spoilt);
      const isIn = await unpack(place.wanted, place.to, running()).then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof HostError, String(error));
          return false;
        },
      );
      assert.deepEqual(await place.names(), isIn ? ["a", "release.tar.gz"] : ["release.tar.gz"]);
    }),
    { numRuns: 60 },
  );
});
