import assert from "node:assert/strict";
import { test } from "node:test";
import { aDevice } from "../device.test-support.ts";
import { approveJob, createJob, job } from "./contract.ts";
import { startJobs } from "./jobs.test-support.ts";

const CROWD = Array.from({ length: 150 }, (_, i) => i + 1);
const bob = { actor: "user:bob", account: "u-bob", permissions: ["*", "job:approve"] };

test("of hundreds who ask for a command of one device at once, with keys of their own or without, each gets one", async () => {
  await using world = await startJobs();

  const asked = await Promise.all(
    CROWD.map((i) =>
      world.call(createJob, { device: "gw-1", kind: "ping" }, i % 2 === 0 ? { idempotencyKey: `key-${i}` } : {}),
    ),
  );

  assert.deepEqual(
    asked.map(({ commands }) => commands[0]?.sequence).toSorted((a = 0, b = 0) => a - b),
    CROWD,
  );
});

test("a script that asks for something dangerous on hundreds of devices at once gets it, up to the limit", async () => {
  await using world = await startJobs({ dangerousCaps: { perMinute: 150, perHour: 150 } });
  await world.store.commit(...CROWD.map((i) => aDevice(`s${i}`, { name: `shelf-${i}` })));

  const asked = await Promise.all(CROWD.map((i) => world.call(createJob, { device: `shelf-${i}`, kind: "reboot" })));

  assert.equal(asked.length, CROWD.length);
  await assert.rejects(world.call(createJob, { device: "shelf-1", kind: "reboot" }), /150 a minute is the limit/);
});

test("of hundreds of jobs for one device that are approved at once each gets its command", async () => {
  await using world = await startJobs({
    approvers: { rule: "always" },
    dangerousCaps: { perMinute: 150, perHour: 150 },
  });
  for (const _ of CROWD)
    await world.call(
      createJob,
      { device: "gw-1", kind: "reboot" },
      { account: "u-alice", permissions: ["*", "command:reboot"] },
    );
  const waiting = (await world.store.list(job, { limit: CROWD.length })).items;

  const approved = await Promise.all(waiting.map(({ id }) => world.call(approveJob, { job: id }, bob)));

  assert.deepEqual(
    approved.map(({ commands }) => commands[0]?.sequence).toSorted((a = 0, b = 0) => a - b),
    CROWD,
  );
});
