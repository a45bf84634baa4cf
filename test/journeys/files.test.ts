import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commandLine } from "../world/command-line.ts";
import { download, sha256Of, someContent, upload } from "../world/files.ts";
import { createJob, endOf, outputOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";

const MiB = 1024 ** 2;
const TIMES = { runTimeout: 900 };

test("files go down to a real agent and come up again, whole, whatever dies meanwhile", async (t) => {
  await using world = await startWorld();
  const root = join(world.folder, "srv");
  await mkdir(root);
  const flags = ["--allow", "file.put", "--allow", "file.get", "--file-root", root, "--bandwidth", "00:00-24:00=16MiB"];
  const agent = await world.enrolAgent("gw1", flags);
  const content = someContent(50 * MiB);
  const path = join(root, "firmware.img");

  await t.test(
    "fifty mebibytes arrive, though agent and control plane are killed half way, and most of it comes once",
    async () => {
      const file = await upload(world, "firmware.img", content);
      const job = await createJob(world, "gw1", "file.put", { file, path, mode: "0640" }, TIMES);
      const parts = async () => (await readdir(root)).filter((name) => name.endsWith(".part"));
      const arrived = (bytes: number) =>
        eventually(async () => {
          const [part = ""] = await parts();
          const { size } = await stat(join(root, part)).catch(() => ({ size: 0 }));
          return part !== "" && size > bytes;
        }, `${bytes} bytes to arrive`);

      await arrived(8 * MiB);
      agent.signal("SIGKILL");
      await agent.ended();
      assert.deepEqual((await readdir(root)).length, 1);
      agent.run();
      await arrived(20 * MiB);
      await world.controlPlane.kill();
      await world.controlPlane.start();
      const { state, detail, result } = await endOf(world, job);

      assert.deepEqual([state, detail, result?.["hasChanged"]], ["succeeded", "", true]);
      assert.ok(Number(result?.["fetchedBytes"]) < 45 * MiB, `${String(result?.["fetchedBytes"])} bytes came again`);
      assert.equal(sha256Of(await readFile(path)), sha256Of(content));
      assert.equal((await stat(path)).mode & 0o7777, 0o640);
      assert.deepEqual(await readdir(root), ["firmware.img"]);
      assert.match((await outputOf(world, { job })).stdout, /received 52428800 of 52428800 bytes/);
    },
  );

  await t.test("what stands there already does not come again", async () => {
    const job = await createJob(world, "gw1", "file.put", { file: "firmware.img", path });

    assert.deepEqual((await endOf(world, job)).result, {
      fetchedBytes: 0,
      heldBytes: 0,
      neighbourBytes: 0,
      hasChanged: false,
    });
  });

  await t.test("of a file that has changed only what is new comes to the device", async () => {
    const newer = Buffer.concat([content.subarray(0, 30 * MiB), Buffer.from("patched"), content.subarray(30 * MiB)]);
    const file = await upload(world, "firmware-2.img", newer);
    const job = await createJob(world, "gw1", "file.put", { file, path }, TIMES);

    const { result } = await endOf(world, job);

    assert.ok(Number(result?.["fetchedBytes"]) < 2 * MiB, `${String(result?.["fetchedBytes"])} bytes came`);
    assert.equal(sha256Of(await readFile(path)), sha256Of(newer));
    await writeFile(path, content);
  });

  await t.test("a file of the device comes up, though the agent is killed half way, and is the same", async () => {
    const [trace, traced] = [join(root, "trace.pcap"), someContent(24 * MiB, 3)];
    await writeFile(trace, traced);
    const job = await createJob(world, "gw1", "file.get", { path: trace, maxBytes: 30 * MiB }, TIMES);
    const [asked] = (await world.client.call("cpl/dm/job/find", { job })).commands;
    const id = asked?.id ?? "";
    await eventually(async () => {
      const found = await world.client.call("cpl/dm/file/find", { file: id }).catch(() => undefined);
      return (found?.received ?? 0) > 4 * MiB;
    }, "the device to have sent 4 MiB");
    agent.signal("SIGKILL");
    await agent.ended();
    agent.run();

    const { state, detail, result } = await endOf(world, job);

    assert.deepEqual([state, detail, result?.["bytes"]], ["succeeded", "", traced.length]);
    assert.ok(Number(result?.["sentBytes"]) < 21 * MiB);
    assert.equal(sha256Of(await download(world, id)), sha256Of(traced));
    const [row] = (await world.client.call("cpl/dm/file/list", { device: "gw1" })).items;
    assert.deepEqual([row?.name, row?.state, row?.author], ["trace.pcap", "ready", "user:olga"]);
  });

  await t.test("who looks into a folder sees what lies there, and nothing of how it came", async () => {
    const { state, result } = await endOf(world, await createJob(world, "gw1", "file.list", { path: root }));
    const entries = result?.["entries"] as readonly Record<string, unknown>[];

    assert.equal(state, "succeeded");
    assert.deepEqual(
      entries.map(({ name, type, bytes }) => [name, type, bytes]),
      await Promise.all(
        (await readdir(root)).toSorted().map(async (name) => [name, "file", (await stat(join(root, name))).size]),
      ),
    );
  });

  await t.test(
    "a file that is no more there, one outside of the roots and one that is too large are told in words",
    async () => {
      await writeFile(join(world.folder, "secret"), "a secret");
      const file = await upload(world, "gone", Buffer.from("gone"));
      const end = async (kind: "file.get" | "file.put" | "file.list", given: object) => {
        const { state, reason } = await endOf(world, await createJob(world, "gw1", kind, given));
        return [state, reason];
      };

      assert.deepEqual(await end("file.get", { path: join(root, "none") }), ["failed", "not-found"]);
      assert.deepEqual(await end("file.get", { path: join(world.folder, "secret") }), ["failed", "not-permitted"]);
      assert.deepEqual(await end("file.get", { path, maxBytes: 5 }), ["failed", "too-large"]);
      assert.deepEqual(await end("file.list", { path: world.folder }), ["failed", "not-permitted"]);
      assert.deepEqual(await end("file.put", { file, path: join(world.folder, "gw1/identity.json") }), [
        "failed",
        "not-permitted",
      ]);
      await world.client.call("cpl/dm/file/destroy", { file });
      await assert.rejects(createJob(world, "gw1", "file.put", { file, path }), /there is no file/);
    },
  );

  await t.test(
    "the command line uploads and downloads, goes on where it was cut off, and writes over nothing",
    async () => {
      const edgemere = commandLine(world.folder);
      const environment = { EDGEMERE_SERVER: world.baseUrl, EDGEMERE_TOKEN: world.token };
      const type = (...words: string[]) => edgemere.run([...words, "--json"], "", environment);
      const small = someContent(900_000, 2);
      const local = join(world.folder, "small.bin");
      await writeFile(local, small);
      const { id } = await world.client.call("cpl/dm/file/create", {
        name: "small.bin",
        bytes: small.length,
        sha256: sha256Of(small),
      });
      const content = small.subarray(0, 100_000).toString("base64");
      await world.client.call("cpl/dm/file/write", { file: id, from: 0, content });

      const sent = await type("file", "put", local);
      const again = await type("file", "put", local);

      assert.deepEqual([sent.code, again.code], [0, 0], sent.stderr);
      assert.match(sent.stderr, /it goes on after 100000 bytes/);
      assert.match(again.stderr, /it is there already/);
      assert.equal((JSON.parse(again.stdout) as { readonly id: string }).id, id);
      const copy = join(world.folder, "copy.bin");
      await writeFile(join(world.folder, `.edgemere-${sha256Of(small).slice(0, 16)}.part`), small.subarray(0, 300_000));
      const got = await type("file", "get", "small.bin", copy);
      assert.equal(got.code, 0, got.stderr);
      assert.equal(sha256Of(await readFile(copy)), sha256Of(small));
      const refused = await type("file", "get", "small.bin", copy);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /is there already; name another file, or add --force/);
    },
  );
});
