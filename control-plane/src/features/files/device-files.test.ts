import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "@edgemere/protocol/kit";
import { moved } from "../../platform/change.ts";
import { certificate } from "../devices/certificate-contract.ts";
import { device } from "../devices/contract.ts";
import { command } from "../jobs/contract.ts";
import { destroyFile, fetchFile, findFile, listFiles, sendFile, SMALLEST_PIECE } from "./contract.ts";
import { aCommand, asDevice, sha256Of, someBytes, startFiles, upload, type World } from "./files.test-support.ts";

async function startFetching() {
  const world = await startFiles();
  const bytes = someBytes(200_000);
  const row = await upload(world, bytes);
  await aCommand(world, "c1", "file.put", { sha256: row.sha256 });
  const fetch = (of: string, over: object = {}) =>
    world.call(fetchFile, { command: "c1", from: 0, limit: 10, ...over }, asDevice(of));
  return { world, bytes, row, fetch, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

test("a device gets every range of the content that its open command names by its hash", async () => {
  await using fetching = await startFetching();
  const { fetch, bytes } = fetching;

  const { content } = await fetch("d1", { from: 199_990, limit: 100 });

  assert.deepEqual(Buffer.from(content, "base64"), bytes.subarray(199_990));
  assert.equal((await fetch("d1", { from: 200_000 })).content, "");
});

test("a device gets nothing by another's command, by one that is over or cancelled, or by one that names no content", async () => {
  await using fetching = await startFetching();
  const { world, fetch, row } = fetching;
  await aCommand(world, "c2", "script", { sha256: row.sha256 });
  await aCommand(world, "c3", "file.put", { sha256: sha256Of(Buffer.from("what nobody has")) });
  const asked = await world.store.get(command, "c1");
  assert.ok(asked);

  await assert.rejects(fetch("d2"), { type: "forbidden" });
  await assert.rejects(fetch("d1", { command: "c2" }), { type: "forbidden" });
  await assert.rejects(fetch("d1", { command: "none" }), { type: "forbidden" });
  await assert.rejects(fetch("d1", { command: "c3" }), { type: "gone" });
  await world.store.commit(moved(command, asked, "succeed"));
  await assert.rejects(fetch("d1"), { type: "gone", message: "the command c1 is over" });
});

test("a device that is in quarantine, and one whose certificate was revoked or has ended, get nothing", async () => {
  await using fetching = await startFetching();
  const { world, fetch } = fetching;
  const row = await world.store.get(device, "d1");
  const shown = await world.store.get(certificate, "of-d1");
  assert.ok(row && shown);
  assert.ok(await fetch("d1"));

  await world.store.commit(moved(device, row, "quarantine"));
  await assert.rejects(fetch("d1"), { type: "forbidden", message: /only a device that is active here moves files/ });
  const held = await world.store.get(device, "d1");
  assert.ok(held);
  await world.store.commit(moved(device, held, "release"));
  await world.store.commit(moved(certificate, shown, "revoke"));
  await assert.rejects(fetch("d1"), { type: "forbidden" });
  await aCommand(world, "c2", "file.put", { sha256: "" }, "d2");
  await world.clock.advance(401 * DAY);
  await assert.rejects(fetch("d2", { command: "c2" }), { type: "forbidden" });
});

test("people are not served as devices, whatever they may do", async () => {
  await using fetching = await startFetching();
  const { world } = fetching;

  await assert.rejects(world.call(fetchFile, { command: "c1", from: 0, limit: 1 }), { type: "forbidden" });
});

test("content that was destroyed is given no more, unless the same is there once more", async () => {
  await using fetching = await startFetching();
  const { world, fetch, bytes, row } = fetching;
  await upload(world, bytes, { name: "the same" });
  await world.call(destroyFile, { file: row.id });

  assert.ok(await fetch("d1"));
  await world.call(destroyFile, { file: "the same" });
  await assert.rejects(fetch("d1"), { type: "gone", message: /is not here any more/ });
});

const sender =
  (world: World, bytes: Buffer) =>
  (from: number, to: number, over: object = {}) =>
    world.call(
      sendFile,
      {
        command: "g1",
        bytes: bytes.length,
        revision: "r1",
        from,
        content: bytes.subarray(from, to).toString("base64"),
        ...over,
      },
      asDevice("d1"),
    );

test("what a device sends for its command is a file of that device, which goes on where it was cut off", async () => {
  await using world = await startFiles();
  const bytes = someBytes(SMALLEST_PIECE + 10);
  await aCommand(world, "g1", "file.get", { path: "/srv/out/trace.pcap", maxBytes: 1_000_000 });
  const send = sender(world, bytes);

  await send(0, SMALLEST_PIECE);
  const { content: _, ...asking } = { content: undefined, command: "g1", bytes: bytes.length, revision: "r1", from: 0 };
  assert.equal((await world.call(sendFile, asking, asDevice("d1"))).received, SMALLEST_PIECE);
  const end = await send(SMALLEST_PIECE, bytes.length, { sha256: sha256Of(bytes) });
  const again = await send(SMALLEST_PIECE, bytes.length, { sha256: sha256Of(bytes) });

  assert.deepEqual([end.state, again], ["ready", end]);
  const [row] = (await world.call(listFiles, { device: "d1" })).items;
  assert.deepEqual(
    [row?.id, row?.name, row?.sha256, row?.author, row?.bytes],
    ["g1", "trace.pcap", sha256Of(bytes), "user:alice", bytes.length],
  );
});

test("a device sends no more than its command asks for, nothing of another file, and nothing under another hash", async () => {
  await using world = await startFiles();
  const bytes = someBytes(SMALLEST_PIECE + 10);
  await aCommand(world, "g1", "file.get", { path: "/srv/out/a", maxBytes: bytes.length });
  const send = sender(world, bytes);

  await assert.rejects(send(0, SMALLEST_PIECE, { bytes: bytes.length + 1 }), { type: "too-large" });
  await send(0, SMALLEST_PIECE);
  await assert.rejects(send(SMALLEST_PIECE, bytes.length, { revision: "r2" }), /it has changed meanwhile/);
  await assert.rejects(send(SMALLEST_PIECE, bytes.length, { bytes: bytes.length - 1 }), /it has changed meanwhile/);
  const { state, reason } = await send(SMALLEST_PIECE, bytes.length, { sha256: sha256Of(Buffer.from("another")) });

  assert.equal(state, "failed");
  assert.match(reason, /what came has the SHA-256/);
  assert.equal((await world.call(findFile, { file: "g1" })).received, 0);
});
