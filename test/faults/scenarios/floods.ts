import { identify } from "../../bench/mqtt-device.ts";
import { happenings, newestNumber } from "../../world/happenings.ts";
import { LoadDevice } from "../load-device.ts";
import { Loaded } from "../loaded.ts";
import type { Context, Scenario } from "../scenario.ts";

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
    recorder.bar("hundredths of the usual p99 for the others", (100 * flooded) / usual, 200);
    recorder.bar("others in quarantine", seen.length - 1, 0);
    flooder.rest();
    await loaded.recovered(Date.now());
  }
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
];
