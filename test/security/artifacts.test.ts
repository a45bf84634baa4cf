import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { HostError, linuxHost, type Identity } from "@edgemere/agent";
import { identify } from "../bench/mqtt-device.ts";
import { sha256Of, someContent, upload } from "../world/files.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { startWorld, type World } from "../world/world.ts";
import { askDeviceApi } from "./device-identity.ts";

const CONTENT = someContent(1_500_000);
let world: World;
let root: string;
let file: string;
/** What the control plane gives in place of content, from the next request on; nothing: the content. */
const lie = (what: string) => writeFile(join(world.folder, "lie"), what);

before(async () => {
  world = await startWorld();
  root = join(world.folder, "srv");
  await mkdir(root);
  await world.controlPlane.stop();
  await world.controlPlane.start({
    launch: {
      node: ["--import", join(import.meta.dirname, "preloads/lying-content.js")],
      environment: { EDGEMERE_TEST_LIE: join(world.folder, "lie") },
    },
  });
  file = await upload(world, "firmware.img", CONTENT);
  await world.enrolAgent("gw1", ["--allow", "file.put", "--allow", "file.get", "--file-root", root]);
});
after(() => world[Symbol.asyncDispose]());

for (const [what, reason] of [
  ["changed", "bad-hash"],
  ["of another place", "bad-hash"],
  ["cut off", "bad-hash"],
  ["nothing", "bad-hash"],
  ["more than was asked for", "no-content"],
  ["endless", "no-content"],
] as const)
  test(`T23 content that is ${what} is not put in place, and nothing is left of it`, async () => {
    const path = join(root, "app");
    await writeFile(path, "the one before");
    await lie(what);

    const { state, reason: why } = await endOf(world, await createJob(world, "gw1", "file.put", { file, path }));

    assert.deepEqual([state, why], ["failed", reason]);
    assert.equal(await readFile(path, "utf8"), "the one before");
    assert.deepEqual(await readdir(root), ["app"]);
  });

test("T23 the same device gets the true content by the same command kind", async () => {
  const path = join(root, "app");
  await lie("");

  const { state } = await endOf(world, await createJob(world, "gw1", "file.put", { file, path }));

  assert.equal(state, "succeeded");
  assert.equal(sha256Of(await readFile(path)), sha256Of(CONTENT));
});

test("T23 a device fetches nothing by its certificate alone, by another's command, or by one of another kind", async () => {
  await lie("");
  const stranger: Identity = await identify(await world.controlPlane.enrolmentToken(), "gw2");
  const job = await createJob(world, "gw1", "file.put", { file, path: join(root, "app") }, { queueTimeout: 600 });
  const own = await createJob(world, stranger.device, "ping", {}, { queueTimeout: 600 });
  const commandOf = async (id: string) =>
    (await world.client.call("cpl/dm/job/find", { job: id })).commands[0]?.id ?? "";

  for (const command of ["made-up", sha256Of(CONTENT), await commandOf(job), await commandOf(own)]) {
    const fetched = await askDeviceApi(stranger, "cpl/dm/file/fetch", { command, from: 0, limit: 10 }, stranger);
    const sent = { command, from: 0, bytes: 10, revision: "r", content: "" };
    const given = await askDeviceApi(stranger, "cpl/dm/file/send", sent, stranger);
    assert.deepEqual([fetched.status, given.status], [403, 403], command);
  }
  const nobody = await askDeviceApi(stranger, "cpl/dm/file/fetch", { command: "c", from: 0, limit: 10 });
  assert.equal(nobody.status, 401);
});

test("T22 a folder that is swapped for a link again and again while files come and go leads nowhere", async () => {
  await using temporary = await temporaryFolder("swapped");
  const [open, outside] = [join(temporary.path, "open"), join(temporary.path, "outside")];
  await mkdir(join(open, "real"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "app"), "a secret");
  await writeFile(join(outside, "others"), "");
  await writeFile(join(open, "real/app"), "open to all");
  await symlink(outside, join(temporary.path, "trap"));
  const { transfers } = linuxHost();
  assert.ok(transfers);
  const place = { path: join(open, "real/app"), roots: [open] };
  const turns = 1_000;
  const running = { isOver: false };
  const seen = new Set<string>();
  const listed = new Set<string>();
  const { signal } = new AbortController();
  const comeAndGo = async () => {
    for (let turn = 0; !running.isOver; turn++) {
      try {
        await using going = await transfers.open(place);
        seen.add(Buffer.from(await going.read(0, 100)).toString());
        const { entries } = await transfers.list({
          path: join(open, "real"),
          roots: [open],
          after: "",
          most: 9,
          signal,
        });
        for (const { name } of entries) listed.add(name);
        const text = `open ${turn}`;
        const coming = await transfers.receive({
          ...place,
          mark: "c1",
          bytes: text.length,
          sha256: sha256Of(Buffer.from(text)),
        });
        if (coming === "there") continue;
        await using incoming = coming;
        await incoming.write(Buffer.from(text).subarray(incoming.received));
        await incoming.place();
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
      }
    }
  };

  const traffic = comeAndGo();
  for (let turn = 0; turn < turns; turn++) {
    await rename(join(open, "real"), join(temporary.path, "aside"));
    await rename(join(temporary.path, "trap"), join(open, "real"));
    await rename(join(open, "real"), join(temporary.path, "trap"));
    await rename(join(temporary.path, "aside"), join(open, "real"));
  }
  running.isOver = true;
  await traffic;

  assert.deepEqual(
    [...seen].filter((text) => !text.startsWith("open")),
    [],
  );
  assert.equal(await readFile(join(outside, "app"), "utf8"), "a secret");
  assert.deepEqual(await readdir(outside), ["app", "others"]);
  assert.deepEqual([listed.has("app"), listed.has("others")], [true, false]);
});
