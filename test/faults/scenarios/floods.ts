import assert from "node:assert/strict";
import { identify } from "../../bench/mqtt-device.ts";
import { quantile } from "../../bench/statistics.ts";
import { happenings, newestNumber } from "../../world/happenings.ts";
import { HostileChild } from "../../world/hostile-child.ts";
import { LoadDevice } from "../load-device.ts";
import { Loaded } from "../loaded.ts";
import { peakMemory } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";
import { Flood } from "../tools/flood.ts";

const SECOND = 1_000;
const DEVICES = { short: 50, full: 999 };
/** Between two records of one device. */
const EVERY = SECOND;
const TIMES_AS_MUCH = 100;
/** Of each device, for one figure. */
const ANSWERS = { short: 3, full: 20 };
const QUARANTINED_WITHIN = 10 * SECOND;

async function oneFloods(context: Context): Promise<void> {
  const { isFull, recorder } = context;
  const answers = isFull ? ANSWERS.full : ANSWERS.short;
  const loaded = await Loaded.start(context, { devices: isFull ? DEVICES.full : DEVICES.short, every: EVERY });
  const { client, controlPlane } = loaded.world;
  const address = `mqtts://127.0.0.1:${controlPlane.ready.ports.mqtt}`;
  const { token } = await client.call("cpl/dm/token/create", { uses: context.rounds });
  const slowest = { usual: [] as number[], meanwhile: [] as number[] };
  for (let round = 0; round < context.rounds; round++) {
    const identity = await identify(token, `flooder-${round}`);
    const usual = await loaded.usual(answers);

    const [after, since] = [await newestNumber(loaded.world), Date.now()];
    const meanwhile = loaded.slowest(answers);
    await using flooder = new LoadDevice({
      identity,
      address,
      answeredBy: "ack",
      every: EVERY / TIMES_AS_MUCH,
      catchesUp: true,
      // It waits for no answer.
      mostUnderWay: Infinity,
    });
    const seen = await happenings(loaded.world, {
      types: ["device.quarantined"],
      after,
      until: ({ subject }) => subject === identity.device,
    });
    const took = (seen.at(-1)?.at ?? Infinity) - since;
    const sent = flooder.produced;
    const flooded = await meanwhile;

    recorder.note(
      `quarantined after ${(took / SECOND).toFixed(1)} s and ${sent} records; 99 of 100 answers to the others within ${Math.round(usual)} ms as usual, ${Math.round(flooded)} ms meanwhile`,
    );
    recorder.bar("milliseconds until the flooding device was in quarantine", took, QUARANTINED_WITHIN);
    slowest.usual.push(usual);
    slowest.meanwhile.push(flooded);
    recorder.bar("others in quarantine", seen.length - 1, 0);
    flooder.rest();
    await loaded.recovered(Date.now());
  }
  // One answer in a hundred of one round is chance as well, on a machine that is all devices too.
  const share = (100 * quantile(slowest.meanwhile, 0.5)) / quantile(slowest.usual, 0.5);
  recorder.bar("hundredths of the usual p99 for the others, each the median of all rounds", share, 200);
  await loaded.settle();
}

const CHILD = {
  devices: { short: 10, full: 200 },
  answers: { short: 1, full: 20 },
  memory: 192,
  room: 1024 ** 2,
};
/** A control plane below that somebody took over: what it says costs its own reports and nobody else anything. */
async function childFloods(context: Context): Promise<void> {
  const { isFull, recorder } = context;
  const how = isFull ? "full" : "short";
  const loaded = await Loaded.start(context, { devices: CHILD.devices[how], every: EVERY });
  const { client, controlPlane } = loaded.world;
  const usual = await loaded.usual(CHILD.answers[how]);
  const before = await peakMemory(controlPlane.pid);
  for (let round = 0; round < context.rounds; round++) {
    const evil = await HostileChild.declared(loaded.world, `evil-${round}`, 3, {
      origin: `evil-${round}`,
      bytesAtMost: CHILD.room,
    });
    const flood = await Flood.ready(evil, round);
    const meanwhile = loaded.slowest(CHILD.answers[how]);
    flood.begin();
    const flooded = await meanwhile;
    const { told, sentAway } = await flood.end();
    const { devices, bytes, refused } = await client.call("cpl/ta/child/find", { child: `evil-${round}` });
    assert.equal(devices, 3, "no more is taken than it may tell of");
    assert.ok(bytes <= CHILD.room, `${bytes} bytes of it are kept`);
    assert.deepEqual(refused.map(({ reason }) => reason).toSorted(), [
      "future",
      "no-room",
      "too-large",
      "too-many-devices",
      "undeclared-origin",
      "unreadable",
    ]);
    const { series } = await client.call("cpl/ta/query", { metric: ["cpu.busy_percent"], by: ["child"], step: "1m" });
    assert.ok(
      series.every(({ by }) => by["child"] === ""),
      "nothing of it is in an answer",
    );
    recorder.note(
      `${told} reports, ${sentAway} of them sent away for their pace; 99 of 100 answers to devices within ${Math.round(usual)} ms as usual, ${Math.round(flooded)} ms meanwhile`,
    );
    recorder.bar("hundredths of the usual p99 for devices", (100 * flooded) / usual, 200);
    await loaded.recovered(Date.now());
  }
  recorder.bar("MiB more memory at its peak", (await peakMemory(controlPlane.pid)) - before, CHILD.memory);
  await loaded.settle();
}

export const floods: readonly Scenario[] = [
  {
    id: "F62",
    title: "one device of 1,000 that sends 100 times as much as any other",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: oneFloods,
  },
  {
    id: "F75",
    title:
      "control plane below that was taken over: other origins, hours to come, enormous sketches, more than there is room for, repeats, floods",
    layer: 3,
    rounds: { short: 1, full: 5 },
    run: childFloods,
  },
];
