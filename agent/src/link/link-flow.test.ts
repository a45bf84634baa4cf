import assert from "node:assert/strict";
import { test } from "node:test";
import { v1 } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { aLink, event, output } from "./link.test-support.ts";

const ROAD = 8 * 1024;

test("on a road of 64 kbit/s with 10 MiB of backlog what a command reports is there within two and a half seconds", async () => {
  const { link, spool, centre, clock } = await aLink({ maxBytes: 512 * 1024 ** 2 });
  for (let i = 0; i < 2_600; i++) await spool.append("log", output(`c${i}`, 4_000));
  assert.ok(spool.bytes > 10 * 1024 ** 2);
  let busyUntil = 0;
  centre.carries = async (bytes) => {
    busyUntil = Math.max(busyUntil, clock.monotonic()) + 25 + (bytes / ROAD) * SECOND;
    await clock.sleep(busyUntil - clock.monotonic());
  };
  const report = (phase: number) => ({
    commandReport: { command: "c1", phase, finishedAtMs: phase === v1.CommandPhase.COMMAND_PHASE_SUCCEEDED ? 1 : 0 },
  });
  link.start();
  await clock.advance(60 * SECOND);

  for (let round = 0; round < 20; round++) {
    const before = centre.watermarks.get("result") ?? 0;
    await spool.append("result", report(v1.CommandPhase.COMMAND_PHASE_JOURNALED));
    await clock.advance(2_500);
    assert.equal(centre.watermarks.get("result"), before + 1, `receipt of round ${round}`);
    await spool.append("result", report(v1.CommandPhase.COMMAND_PHASE_SUCCEEDED));
    await clock.advance(2_500);
    assert.equal(centre.watermarks.get("result"), before + 2, `result of round ${round}`);
  }

  const delivered = (centre.watermarks.get("log") ?? 0) * 4_000;
  assert.ok(delivered > (160 * SECOND * ROAD) / SECOND / 2, `only ${delivered} bytes of backlog`);
  const stopped = link[Symbol.asyncDispose]();
  await clock.advance(10 * SECOND);
  await stopped;
});

test("a broker that takes nothing more ends the session", async () => {
  const { link, spool, centre, clock } = await aLink();
  link.start();
  await clock.advance(SECOND);
  centre.carries = () => new Promise(() => {});
  await spool.append("event", event("a"));
  await clock.advance(119 * SECOND);
  assert.equal(link.isConnected, true);
  centre.carries = async () => {};
  await clock.advance(10 * SECOND);

  assert.equal(link.epoch, 2);
  assert.deepEqual(centre.stored, ["a"]);
  await link[Symbol.asyncDispose]();
});

test("a control plane that takes nothing for hours and says so keeps its session, and gets everything afterwards", async () => {
  const { link, spool, centre, clock } = await aLink();
  let isTaking = true;
  centre.sync = () => ({ limits: { pauseMs: isTaking ? 0 : 20_000 } });
  const connected = centre.connect.bind(centre);
  // As the real one does: what it does not take it answers with a pause, before the broker has it.
  centre.connect = async (options, events) => {
    const connection = await connected(options, events);
    return {
      ...connection,
      publish: async (packet) => {
        await connection.publish(packet);
        if (!isTaking && !packet.topic.endsWith("hello")) {
          centre.saySync(link.epoch);
          await clock.sleep(SECOND / 2);
        }
      },
    };
  };
  link.start();
  await spool.append("event", event("before"));
  await clock.advance(SECOND);
  isTaking = centre.acknowledges = false;
  for (let minute = 0; minute < 6 * 60; minute++) {
    await spool.append("event", event(`e${minute}`));
    await clock.advance(MINUTE);
  }
  assert.deepEqual([link.epoch, link.isConnected, centre.stored], [1, true, ["before"]]);
  const tries = centre.heardOf("event").length;
  assert.ok(tries <= (6 * HOUR) / (19 * SECOND), `${tries} batches were sent in vain`);

  isTaking = centre.acknowledges = true;
  centre.saySync(1);
  await clock.advance(MINUTE);

  assert.deepEqual([centre.stored.length, centre.stored.at(-1), link.epoch], [361, "e359", 1]);
  const stopped = link[Symbol.asyncDispose]();
  await clock.advance(10 * SECOND);
  await stopped;
});
