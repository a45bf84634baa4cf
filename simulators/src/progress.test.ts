import assert from "node:assert/strict";
import test from "node:test";
import { progressLine } from "./progress.ts";
import { TallyLog } from "./tally-log.ts";

const aStatus = {
  isConnected: true,
  sessionEpoch: 1,
  address: "mqtts://one.test:8883",
  spoolBytes: 0,
  unacknowledged: 1,
  sampled: 5,
  openCommands: 0,
  conditions: [],
};

test("the line adds up what the agents say, and is silent about warnings when there are none", () => {
  const statuses = [aStatus, { ...aStatus, isConnected: false, openCommands: 2 }, undefined];

  assert.equal(
    progressLine(3, statuses, 0),
    "2 of 3 devices run · 1 connected · 10 samples · 2 records to deliver · 2 open commands",
  );
  assert.match(progressLine(3, statuses, 4), / · 4 warnings$/);
});

test("what hundreds of agents say at once is one line with a number", () => {
  const log = new TallyLog();
  log.warn("rare");
  log.error("often");
  log.error("often");
  log.info();

  assert.deepEqual(log.counts(), [
    ["often", 2],
    ["rare", 1],
  ]);
});
