import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { createJob, job } from "./contract.ts";
import { oneMore } from "./dangerous-caps.ts";
import { startJobs, type World } from "./jobs.test-support.ts";

const program = { device: "gw-1", kind: "exec", arguments: { argv: ["true"] } } as const;

/** How many of so many wishes are granted. */
async function granted(world: World, wishes: number, wish: object = program, actor = "token:stolen"): Promise<number> {
  let count = 0;
  for (let i = 0; i < wishes; i++)
    await world.call(createJob, { ...program, ...wish }, { actor }).then(
      () => count++,
      (error: Error) => assert.match(error.message, /^token:stolen asked for exec too often: 60 a minute is the limit/),
    );
  return count;
}

test("of a thousand dangerous commands that one credential asks for, sixty are granted in a minute", async () => {
  await using world = await startJobs();

  assert.equal(await granted(world, 1_000), 60);

  const told = (await world.eventTypes()).filter((type) => type === "commandcap.exceeded");
  const { items } = await world.store.list(job, { limit: 500 });
  assert.equal(told.length, 1);
  assert.deepEqual([items.length, new Set(items.map(({ author }) => author))], [60, new Set(["token:stolen"])]);
});

test("others are not held up by somebody who asks too often, nor are harmless commands", async () => {
  await using world = await startJobs();
  await granted(world, 61);

  assert.equal(await granted(world, 1, program, "user:alice"), 1);
  assert.equal(await granted(world, 1, { kind: "ping", arguments: {} }), 1);
  assert.equal(await granted(world, 1, { kind: "reboot", arguments: {} }), 1);
});

test("a minute later more is granted, until the hour is full", async () => {
  await using world = await startJobs({ dangerousCaps: { perMinute: 3, perHour: 5 } });
  const wish = () =>
    world.call(createJob, program).then(
      () => "granted",
      (error: Error) => error.message,
    );
  const outcomes: string[] = [];

  for (let i = 0; i < 4; i++) outcomes.push(await wish());
  await world.advance(MINUTE);
  for (let i = 0; i < 3; i++) outcomes.push(await wish());

  const words = outcomes.map((each) => /: (\d+ an? \w+) is/.exec(each)?.[1] ?? each);
  assert.deepEqual(words, ["granted", "granted", "granted", "3 a minute", "granted", "granted", "5 an hour"]);
});

test("a span begins anew when it is over, and when the clock was put back", () => {
  assert.deepEqual(oneMore({ from: 0, count: 7 }, HOUR, HOUR - 1), { from: 0, count: 8 });
  assert.deepEqual(oneMore({ from: 0, count: 7 }, HOUR, HOUR), { from: HOUR, count: 1 });
  assert.deepEqual(oneMore({ from: HOUR, count: 7 }, HOUR, 5), { from: 5, count: 1 });
});
