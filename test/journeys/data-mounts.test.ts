import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linuxHost } from "@edgemere/agent";
import { sha256Of, someContent } from "../world/files.ts";
import { eventually, startWorld } from "../world/world.ts";

const MiB = 1024 ** 2;
const SIZE = 6 * MiB;
// Outside of the world's folder: nobody but root and the agent may be able to replace one of the folders above it.
const folder = await realpath(await mkdtemp(join(tmpdir(), "edgemere-mounts-")));
const skip = (await linuxHost().mounts?.hindrance(folder)) ?? false;

test("data that is mounted is read on a device that never had it, whoever is killed meanwhile", { skip }, async (t) => {
  await using world = await startWorld();
  t.after(() => rm(folder, { recursive: true }));
  const { client, controlPlane } = world;
  const content = someContent(SIZE);
  const directory = (name: string) => join(world.folder, `data-of-${name}`);
  const enrol = async (name: string, ...more: readonly string[]) => {
    await mkdir(directory(name));
    return world.enrolAgent(name, ["--source", `data=${directory(name)}`, "--source-takes", "data", ...more]);
  };
  const holder = await enrol("gw1");
  await writeFile(join(directory("gw1"), "map.bin"), content);
  const reader = await enrol("b1", "--mount-folder", folder);
  await enrol("b2");
  await eventually(
    async () =>
      (await client.call("diml/dml/fmdm/query", { expression: "name:map.bin" })).items.length === 1 &&
      (await client.call("diml/dml/fmdm/datasource/list", {})).items.length === 3,
    "the catalogue to know the data and where it may go",
  );
  const wish = { query: "name:map.bin", use: "mount" as const };
  const place = join(folder, "edgemere");
  const instances = async () =>
    (await client.call("diml/dml/do/datarequest/explain", { request: "map" })).instances.map(
      ({ decision, state, heldBytes }) => [decision, state, heldBytes],
    );
  const path = async () => join(place, (await readdir(place))[0] ?? "nothing");
  const isRead = async () => sha256Of(await readFile(await path())) === sha256Of(content);
  const readAgain = (what: string) => eventually(() => isRead().catch(() => false), what);

  await t.test("where nothing can be mounted a plan says why, and where it can what it costs", async () => {
    const there = await client.call("diml/plan", { ...wish, device: "b1" });
    const elsewhere = await client.call("diml/plan", { ...wish, device: "b2" });

    assert.deepEqual([there.cost.bytes, there.cost.readBytes, there.refusal], [0, SIZE, ""]);
    assert.match(elsewhere.refusal, /it cannot be mounted in "data": its device names no mount-folder/);
  });

  await t.test("what is read of it is what was put elsewhere, and nothing of it lies on the device", async () => {
    await client.call("diml/find", { ...wish, device: "b1", name: "map", lifetime: 86_400 });
    await eventually(async () => (await instances())[0]?.[1] === "ready", "the data to be mounted");

    assert.deepEqual(await instances(), [["mount", "ready", 0]]);
    assert.ok(await isRead());
    assert.deepEqual(await readdir(directory("b1")), []);
    await assert.rejects(writeFile(await path(), "x"), { code: "EROFS" });
  });

  await t.test("who reads goes on when the holder is killed, and when the control plane was", async () => {
    const file = await open(await path());
    await file.read(Buffer.alloc(10), 0, 10, 0);
    holder.signal("SIGKILL");
    await holder.ended();
    const last = await file.read(Buffer.alloc(10), 0, 10, SIZE - 10);
    await file.close();
    assert.deepEqual(last.buffer, content.subarray(-10));

    await controlPlane.kill();
    await controlPlane.start();
    await readAgain("the data to be read after the control plane was killed");
  });

  await t.test("it is mounted again by the next run of an agent that was killed", async () => {
    reader.signal("SIGKILL");
    await reader.ended();
    reader.run();

    await readAgain("the data to be read after the agent was killed");
  });

  await t.test("what shows it is told no secret that others of the host can see", async () => {
    const programs = await Promise.all(
      (await readdir("/proc")).filter(Number).map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
    );
    const ours = programs.filter((each) => each.includes("rclone") && each.includes(place));

    assert.ok(ours.length > 0);
    for (const each of ours) assert.doesNotMatch(each, /Bearer|Authorization|127\.0\.0\.1/i);
  });

  await t.test("it is gone when its request ends", async () => {
    await client.call("diml/dml/do/datarequest/end", { request: "map" });

    await eventually(async () => (await readdir(place)).length === 0, "the data to be taken away");
  });
});
