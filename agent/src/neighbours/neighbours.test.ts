import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { anAuthority } from "../link/certificates.test-support.ts";
import {
  aHolder,
  anIdentity,
  aTaker,
  authority,
  chunks,
  content,
  permitFor,
  resultOf,
  time,
} from "./neighbours.test-support.ts";
import { httpsNeighbourRoad } from "./taking.ts";

test("a device that has the permit fetches all of a content from the device beside it, and nothing from afar", async () => {
  await using holder = await aHolder("d2");
  await using taker = await aTaker([holder.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual([neighbourBytes, fetchedBytes, taker.given, taker.lies], [content.length, 0, [], []]);
  assert.deepEqual(await taker.read(), content);
});

test("T23 a neighbour that gives wrong bytes costs one chunk: it is told of, asked no more, and the chunk comes from elsewhere", async () => {
  const wrongFrom = chunks.slice(0, 3).reduce((sum, { bytes }) => sum + bytes, 0);
  await using liar = await aHolder("liar", {
    bend: (from, bytes) => (from < wrongFrom ? bytes : Buffer.alloc(bytes.length)),
  });
  await using honest = await aHolder("d2");
  await using taker = await aTaker([liar.named, honest.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual(await taker.read(), content);
  assert.deepEqual([neighbourBytes, fetchedBytes], [content.length, 0]);
  assert.equal(liar.asked.length, 4);
  assert.equal(honest.asked.length, chunks.length - 3);
  assert.equal(taker.lies.length, 1);
  assert.match(taker.lies[0] ?? "", /^liar: the device liar gave \d+ wrong bytes in place of \d+ from \d+ on$/);
});

test("where neighbours lie, are not there or are other devices than was said, the content comes from the control plane", async () => {
  await using liar = await aHolder("liar", { bend: (_, bytes) => bytes.subarray(1) });
  await using other = await aHolder("d3");
  const gone = await aHolder("d4");
  await gone[Symbol.asyncDispose]();
  await using taker = await aTaker([{ ...other.named, device: "d2" }, gone.named, liar.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual(await taker.read(), content);
  assert.deepEqual([neighbourBytes, fetchedBytes, other.asked], [0, content.length, []]);
});

test("whoever has no permit for a content is given nothing of it, and is counted under the reason", async () => {
  await using holder = await aHolder("d2");
  const ask = { permit: permitFor("d1"), from: 0, limit: 100 };
  const tryAs = async (own: ReturnType<typeof anIdentity>, over: Partial<typeof ask> = {}) => {
    await using wire = httpsNeighbourRoad({ identity: () => own, time, clock: systemClock });
    return await wire.fetch(holder.named, { ...ask, ...over }, new AbortController().signal).then(
      (bytes) => bytes.length,
      (error: Error) => error.message,
    );
  };
  const d1 = anIdentity("d1");

  assert.equal(await tryAs(d1), 100);
  assert.match(String(await tryAs(anIdentity("d1", anAuthority()))), /status 401/);
  assert.match(String(await tryAs(anIdentity("d1", authority, false))), /status 401/);
  assert.match(String(await tryAs(anIdentity("d9"))), /status 403/);
  assert.match(
    String(await tryAs(d1, { permit: permitFor("d1", { expiresAtMs: systemClock.now() - 1 }) })),
    /status 403/,
  );
  assert.match(String(await tryAs(d1, { permit: permitFor("d1", { trustDomain: "another" }) })), /status 403/);
  assert.match(String(await tryAs(d1, { permit: "bm90aGluZw==" })), /status 403/);
  assert.match(String(await tryAs(d1, { permit: permitFor("d1", { sha256: Buffer.alloc(32) }) })), /status 404/);
  assert.match(String(await tryAs(d1, { from: content.length })), /status 404/);
  assert.match(String(await tryAs(d1, { limit: 10 ** 9 })), /status 400/);
  assert.match(String(await tryAs(d1, { permit: "x".repeat(10_000) })), /status 400/);
  assert.deepEqual(holder.giving.refused, { stranger: 2, "not-permitted": 3, expired: 1, "not-here": 2, malformed: 2 });
  assert.deepEqual(holder.asked, [0]);
});
