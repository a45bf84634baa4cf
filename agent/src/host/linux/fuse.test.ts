import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, open, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { SECOND, silentLog, systemClock } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { linuxHost } from "../linux-host.ts";
import { Mounts } from "../../mounts/mounts.ts";
import { hashOf, holders } from "../../mounts/mounts.test-support.ts";

const host = linuxHost();
const trial = await aFolder();
const needsFuse = { skip: (await host.mounts?.hindrance(trial)) ?? false };
await rm(trial, { recursive: true });

const large = randomBytes(3 * 1024 ** 2);
const small = Buffer.from("a few words");
const named = (content: Buffer, name = "a.pcap") => ({
  name: `${hashOf(content).slice(0, 16)}-${name}`,
  sha256: hashOf(content),
  bytes: content.length,
});

async function aFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), "edgemere-mount-")));
}

async function aDevice(t: TestContext) {
  const folder = await aFolder();
  const disk = new SimulatedDisk();
  const world = holders([large, small], systemClock);
  const env = { clock: systemClock, random: seededRandom(1), disk, log: silentLog };
  const open = async () => {
    const mounts = await Mounts.open({ env, host: host.mounts, folder, device: `d-${folder}`, files: world.files });
    assert.ok(mounts);
    mounts.start();
    t.after(() => mounts[Symbol.asyncDispose]());
    return mounts;
  };
  const mounts = await open();
  t.after(async () => {
    await mounts[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  return { ...world, folder, mounts, again: open, place: (name: string) => join(mounts.place, name) };
}
const nothing = async function* () {};
const forever = new AbortController().signal;
const seen = async (look: () => Promise<boolean>) => {
  for (const until = systemClock.monotonic() + 20 * SECOND; !(await look().catch(() => false));) {
    assert.ok(systemClock.monotonic() < until, "it was not seen in time");
    await systemClock.sleep(SECOND / 20);
  }
};

test(
  "mounted data is read as if it lay there, can be written by nobody, and is gone when it is taken away",
  needsFuse,
  async (t) => {
    const { mounts, place, asked } = await aDevice(t);
    const file = named(large, 'odd " name#?%41&<b>.pcap');

    assert.equal(await mounts.add(file, forever), true);
    assert.deepEqual(asked, []);
    assert.equal(await mounts.add(file, forever), false);
    await mounts.add(named(small), forever);

    assert.deepEqual((await readdir(mounts.place)).toSorted(), [file.name, named(small).name].toSorted());
    assert.deepEqual(await readFile(place(file.name)), large);
    assert.deepEqual(await readFile(place(named(small).name)), small);
    await assert.rejects(writeFile(place("new"), "x"), { code: "EROFS" });
    assert.equal(await mounts.remove({ ...file, sha256: hashOf(small) }), false);
    assert.equal(await mounts.remove(file), true);
    assert.equal(await mounts.remove(named(small)), true);
    assert.deepEqual(await readdir(mounts.place), []);
  },
);

test(
  "a chunk that is wrong or cannot be had is an error to whoever reads it, and what was good stays readable",
  needsFuse,
  async (t) => {
    const { mounts, place, centre } = await aDevice(t);
    await mounts.add(named(large), forever);
    const file = await open(place(named(large).name));
    await file.read(Buffer.alloc(10), 0, 10, 0);

    centre.gives = (bytes) => Buffer.alloc(bytes.length, 7);
    await assert.rejects(readFile(place(named(large).name)), { code: "EIO" });
    centre.isThere = false;
    await assert.rejects(readFile(place(named(large).name)), { code: "EIO" });

    const read = await file.read(Buffer.alloc(10), 0, 10, 0);
    assert.deepEqual(read.buffer, large.subarray(0, 10));
    await file.close();
    centre.isThere = true;
    centre.gives = (bytes) => bytes;
    assert.deepEqual(await readFile(place(named(large).name)), large);
  },
);

test("mounted data is there again when the program that shows it was killed", needsFuse, async (t) => {
  const { folder, mounts, place } = await aDevice(t);
  await mounts.add(named(large), forever);

  assert.ok((await host.killMarked([`mount d-${folder}`])) > 0);

  await seen(async () => (await readFile(place(named(large).name))).equals(large));
});

test(
  "what a former run left is taken away: a program that shows what nobody serves, and the mount of one that was killed",
  needsFuse,
  async (t) => {
    const { folder, mounts, place, again } = await aDevice(t);
    await mounts.add(named(small), forever);
    await mounts[Symbol.asyncDispose]();
    const orphan = (mark: string) =>
      void host.mounts?.show(folder, { files: new Map(), read: nothing, mark }, forever).catch(() => {});
    const isLaid = async () => (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${mounts.place} `);
    orphan(`first ${folder}`);
    await seen(isLaid);
    t.after(() => host.killMarked([`first ${folder}`]));

    const second = await again();
    await seen(async () => (await readFile(place(named(small).name))).equals(small));
    await second[Symbol.asyncDispose]();

    assert.equal(await isLaid(), false);
  },
);

test("nothing is mounted in a folder that others could replace, or that a link leads to", needsFuse, async (t) => {
  const folder = await aFolder();
  t.after(() => rm(folder, { recursive: true }));
  await symlink(folder, join(folder, "link"));

  assert.match((await host.mounts?.hindrance(join(folder, "link"))) ?? "", /is reached by a link/);
  assert.match((await host.mounts?.hindrance(join(folder, "absent"))) ?? "", /does not exist/);
  await chmod(folder, 0o777);
  assert.match((await host.mounts?.hindrance(folder)) ?? "", /can be written by others/);
});

test("an agent that is not root and may gain no privileges says that it can mount nothing", needsFuse, async (t) => {
  if (process.geteuid?.() !== 0) return t.skip("only root may become another user");
  const script = `import { linuxHost } from ${JSON.stringify(import.meta.resolve("../linux-host.js"))};
    console.log(await linuxHost().mounts.hindrance("/srv"));`;
  const said: string[] = [];
  const argv = ["setpriv", "--reuid", "65534", "--no-new-privs", process.execPath] as const;
  const input = ["--input-type=module", "-e", script];
  const onOutput = (_: string, bytes: Uint8Array) => void said.push(Buffer.from(bytes).toString());

  await host.run({ argv: [...argv, ...input], maxOutputBytes: 4_096, onOutput });

  assert.match(said.join(""), /may gain no privileges/);
});
