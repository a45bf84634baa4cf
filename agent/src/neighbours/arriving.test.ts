import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { test } from "node:test";
import { MINUTE, SECOND, silentLog, systemClock } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { Arriving } from "./arriving.ts";
import { Neighbours } from "./neighbours.ts";
import { aHolder, anIdentity, aTaker, chunks, content, permitFor, resultOf, time } from "./neighbours.test-support.ts";
import { httpsNeighbourRoad, NotHere } from "./taking.ts";

const ends = chunks.reduce<number[]>((sum, { bytes }) => [...sum, (sum.at(-1) ?? 0) + bytes], []);

/** Content of which a chunk more is there each second time that somebody looks. */
function growing() {
  let looks = 0;
  return {
    get received() {
      looks += 1;
      return ends[Math.floor(looks / 2) - 1] ?? 0;
    },
    read: async (from: number, limit: number) => content.subarray(from, from + limit),
  };
}

test("what a device has of a content that it fetches itself it gives, and whoever fetches waits for the rest", async () => {
  await using holder = await aHolder("d2", { coming: growing() });
  await using taker = await aTaker([{ ...holder.named, isComing: true }]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual([neighbourBytes, fetchedBytes, taker.given], [content.length, 0, []]);
  assert.deepEqual(await taker.read(), content);
  assert.ok((holder.giving.refused["not-yet"] ?? 0) > 0);
});

test("nobody waits for what a device does not have that was said to have all of it", async () => {
  await using holder = await aHolder("d2", { coming: { received: 0, read: async () => new Uint8Array() } });
  await using taker = await aTaker([holder.named]);

  const { neighbourBytes, fetchedBytes } = resultOf(await taker.put());

  assert.deepEqual([neighbourBytes, fetchedBytes], [0, content.length]);
});

test("what has come is on its way until its source knows it, and not for longer than half a minute", async () => {
  const clock = new ManualClock();
  const arriving = new Arriving(clock);
  const file = { received: 5, read: async () => new Uint8Array(5) };
  {
    using _coming = arriving.begin("a", file);
    assert.equal(arriving.find("a"), file);
  }

  assert.equal(arriving.find("a")?.received, 0);
  assert.equal(arriving.find("b"), undefined);
  await clock.advance(30 * SECOND);
  assert.equal(arriving.find("a"), undefined);
});

test("whoever waits asks again and again by one connection", async () => {
  await using holder = await aHolder("d2", { coming: growing() });
  await using taker = await aTaker([{ ...holder.named, isComing: true }]);
  let connections = 0;
  const count = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket };
    if (holder.named.address.endsWith(`:${String(socket.localPort)}`)) connections += 1;
  };
  subscribe("net.server.socket", count);

  await taker.put().finally(() => unsubscribe("net.server.socket", count));

  assert.ok((holder.giving.refused["not-yet"] ?? 0) > 1);
  assert.equal(connections, 1);
});

test("who gives says whether what is not here is on its way", async () => {
  const coming = { received: 0, read: async () => new Uint8Array() };
  await using fetching = await aHolder("d2", { coming });
  await using other = await aHolder("d3");
  await using wire = httpsNeighbourRoad({ identity: () => own, time, clock: systemClock });
  const own = anIdentity("d1");
  const ask = { permit: permitFor("d1"), from: content.length, limit: 1 };
  const { signal } = new AbortController();

  await assert.rejects(wire.fetch(fetching.named, ask, signal), { name: "NotHere", isComing: true });
  await assert.rejects(wire.fetch(other.named, ask, signal), { name: "NotHere", isComing: false });
});

/** One chunk of a content that is fetched beside one that never has it, and what is known of it. */
function waiting(isComing: () => boolean, failure: () => Error = () => new NotHere()) {
  const clock = new ManualClock();
  const asked: number[] = [];
  const neighbours = new Neighbours({
    command: "c1",
    clock,
    log: silentLog,
    lied: () => {},
    road: {
      neighbours: async () => {
        asked.push(clock.now());
        return { permit: "p", neighbours: isComing() ? [{ device: "d2", address: "d2:1", isComing: true }] : [] };
      },
    },
    neighbours: {
      fetch: async () => {
        throw failure();
      },
      [Symbol.asyncDispose]: async () => {},
    },
  });
  const chunk = { sha256: "", bytes: 1, from: 0 };
  const ended = { at: -1 };
  const began = clock.now();
  const stop = new AbortController();
  const reading = neighbours.read(chunk, stop.signal).then((bytes) => {
    assert.equal(bytes, undefined);
    ended.at = clock.now() - began;
  });
  return { clock, asked, ended, stop, reading };
}
async function advance(clock: ManualClock, ms: number): Promise<void> {
  for (let done = 0; done < ms; done += SECOND) await clock.advance(SECOND);
}

test("one that gives nothing for five minutes is waited for no more", async () => {
  const { clock, asked, ended } = waiting(() => true);

  await advance(clock, 5 * MINUTE - SECOND);
  assert.equal(ended.at, -1);
  await advance(clock, 2 * SECOND);

  assert.equal(ended.at, 5 * MINUTE);
  assert.ok(asked.length >= 10 && asked.length <= 11, `${asked.length}`);
});

test("who hears from the device beside it that it goes on does not ask the control plane for that", async () => {
  let failure = new NotHere(true);
  const { clock, asked, stop, reading } = waiting(
    () => true,
    () => failure,
  );

  await advance(clock, 4 * MINUTE);
  assert.equal(asked.length, 1);
  failure = new NotHere();
  await advance(clock, 2 * SECOND);

  assert.equal(asked.length, 2, "now it does not say so any more");
  stop.abort();
  await reading;
});

test("who waits hears within half a minute that there is nobody to wait for, and ends at once when it is told to", async () => {
  let isComing = true;
  const { clock, ended } = waiting(() => isComing);
  await advance(clock, 10 * SECOND);
  isComing = false;
  await advance(clock, 25 * SECOND);
  assert.ok(ended.at > 0 && ended.at <= 31 * SECOND, `${ended.at}`);

  const told = waiting(() => true);
  await advance(told.clock, 10 * SECOND);
  told.stop.abort();
  await told.reading;
  assert.ok(told.ended.at <= 10 * SECOND);
});

test("one that fetches and cannot be reached is tried for some seconds, and then it is not there", async () => {
  const { clock, ended } = waiting(
    () => true,
    () => new Error("it does not answer"),
  );

  await advance(clock, 10 * SECOND);

  assert.equal(ended.at, 3 * SECOND);
});
