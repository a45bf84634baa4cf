import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { link, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { missing } from "../faults/needs.ts";
import { endOf, createJob } from "../world/jobs.ts";
import type { Launch } from "../world/program.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const run = promisify(execFile);
const SECRET = "a secret that must not leave";

const filesOf = async ({ client }: World, device: string) =>
  (await client.call("diml/dml/fmdm/data/list", { limit: 500 })).items.filter((each) => each.device === device);

/** An agent that looks at a folder all the time. */
const looking = (world: World, name: string, folder: string, launch?: Launch) =>
  world.enrolAgent(name, ["--source", `files=${folder}`, "--source-every", "1s"], launch && { launch });

test("T22 of a data directory nothing is told but its own regular files, whatever lies in it, and the agent hangs on none", async () => {
  await using world = await startWorld();
  const [folder, outside] = [join(world.folder, "files"), join(world.folder, "outside")];
  await mkdir(join(folder, "below"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "secret"), SECRET);
  await writeFile(join(folder, "good"), "good");
  await writeFile(join(folder, "below", "good too"), "good too");
  for (const [name, target] of [
    ["link", join(outside, "secret")],
    ["folder", outside],
    ["up", ".."],
    ["loop", "."],
    ["self", "self"],
    ["nowhere", "/nowhere"],
    ["environment", "/proc/self/environ"],
    ["zero", "/dev/zero"],
  ] as const)
    await symlink(target, join(folder, name));
  await run("mkfifo", [join(folder, "pipe")]);
  const socket = createServer().listen(join(folder, "socket"));
  await run("mknod", [join(folder, "endless"), "c", "1", "5"]).catch(() => {}); // only root may
  await writeFile(Buffer.concat([Buffer.from(`${folder}/latin-`), Buffer.from([0xe9, 0xff])]), "no UTF-8");
  await writeFile(join(folder, "..."), "three dots");
  await writeFile(join(folder, "x".repeat(255)), "long");

  const agent = await looking(world, "gw1", folder);
  const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  await eventually(async () => (await filesOf(world, id)).length >= 4, "the files to be told");

  const names = (await filesOf(world, id)).map(({ name }) => name).toSorted();
  assert.deepEqual(names, ["...", "below/good too", "good", "x".repeat(255)]);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
  assert.ok(agent.isRunning);
  socket.close();
});

test("T22 a folder that is swapped for a link again and again while it is looked at leads nowhere", async () => {
  await using world = await startWorld();
  const [folder, outside] = [join(world.folder, "files"), join(world.folder, "outside")];
  await mkdir(join(folder, "real"), { recursive: true });
  await mkdir(outside);
  for (let i = 0; i < 50; i++) await writeFile(join(outside, `secret-${i}`), SECRET);
  for (let i = 0; i < 50; i++) await writeFile(join(folder, "real", `good-${i}`), "good");
  await symlink(outside, join(world.folder, "trap"));
  const agent = await looking(world, "gw1", folder);
  const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });

  for (let turn = 0; turn < 10_000; turn++) {
    await rename(join(folder, "real"), join(world.folder, "aside"));
    await rename(join(world.folder, "trap"), join(folder, "real"));
    await rename(join(folder, "real"), join(world.folder, "trap"));
    await rename(join(world.folder, "aside"), join(folder, "real"));
  }
  await writeFile(join(folder, "last"), "last");
  await eventually(async () => (await filesOf(world, id)).some(({ name }) => name === "last"), "the last file");

  const told = (await filesOf(world, id)).map(({ name }) => name);
  assert.deepEqual(
    told.filter((name) => name.includes("secret")),
    [],
  );
  assert.ok(agent.isRunning);
});

test("T22 what is mounted inside a data directory is not told, and a secret that is mounted over a file is not read", async (t) => {
  const why = missing(["root", "tmpfs"]);
  if (why !== undefined) return t.skip(why);
  await using world = await startWorld();
  const [folder, outside] = [join(world.folder, "files"), join(world.folder, "outside")];
  for (const name of ["bind", "memory", "kernel"]) await mkdir(join(folder, name), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "secret"), SECRET);
  await writeFile(join(folder, "covered"), "covered");
  await writeFile(join(folder, "good"), "good");
  // In mounts of the agent's own, which end with it.
  const script = [
    `mount --bind "$0/outside" "$0/files/bind"`,
    `mount -t tmpfs none "$0/files/memory"`,
    `cp "$0/outside/secret" "$0/files/memory"`,
    `mount -t proc none "$0/files/kernel"`,
    `mount --bind "$0/outside/secret" "$0/files/covered"`,
    `exec "$@"`,
  ].join(" && ");
  const under = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, world.folder];

  const agent = await looking(world, "gw1", folder, { under });
  const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  await eventually(async () => (await filesOf(world, id)).length > 0, "the files to be told");

  assert.deepEqual(
    (await filesOf(world, id)).map(({ name }) => name),
    ["good"],
  );
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
  assert.ok(agent.isRunning);
});

test("T22 a directory with more than a hundred thousand files is refused in words, and the agent goes on", async () => {
  await using world = await startWorld();
  const folder = join(world.folder, "files");
  await mkdir(folder);
  await writeFile(join(folder, "first"), "x");
  // Names of one file: as many entries as files, and quickly made.
  for (let at = 0; at <= 100_000; at += 1_000)
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) =>
        link(join(folder, "first"), join(folder, `f${at + i}`)).catch(() => writeFile(join(folder, `f${at + i}`), "")),
      ),
    );

  await looking(world, "gw1", folder);

  const source = await eventually(async () => {
    const { items } = await world.client.call("diml/dml/fmdm/datasource/list", {});
    return items.find(({ failure }) => failure);
  }, "the refusal");
  assert.match(source.failure ?? "", /more than 100000 files: name a folder further down/);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
  await rm(folder, { recursive: true });
});
