import { AGENT_VERSION } from "@edgemere/agent";
import type { GivenRecord, UpTopicName } from "@edgemere/protocol";
import { MINUTE, SECOND, systemClock } from "@edgemere/protocol/kit";
import { bytesOf, connected, enrolled } from "../world/bare-device.ts";
import { uncheckedColumns } from "../world/unchecked-columns.ts";
import { eventually, type World } from "../world/world.ts";

/** Its clock is ahead by so much. */
const AHEAD = 7 * MINUTE;
const STORED_BEFORE = 12;

interface Words {
  /** What it says is wrong with it. */
  readonly conditions: readonly string[];
  /** Name and detail of what it notes. */
  readonly note: readonly [name: string, detail: string];
  /** Why samples of its are missing. */
  readonly lossReason: string;
}

/** What an agent of ours says when much is wrong with it. */
export const troubles: Words = {
  conditions: ["disk-low", "damaged-segments"],
  note: ["journal-set-aside", "line 14 is not of the journal's form"],
  lossReason: "spool-full",
};

/**
 * A device without an agent, spoken for by hand: its clock is wrong, it has lost samples, sent some that cannot be true and one that
 * breaks a rule, and it came back with an older memory, for which it is in quarantine.
 */
export async function troubledDevice(world: World, name: string, words: Words): Promise<AsyncDisposable> {
  const identity = await enrolled(world, name);
  let device = await connected(identity);
  const say = (topic: UpTopicName, message: object) => device.say(topic, bytesOf(topic, message));
  const is = (state: string) =>
    eventually(
      async () => (await world.client.call("cpl/dm/device/find", { device: name })).state === state,
      `the device ${name} to be ${state}`,
    );
  await say("hello", aHello(words, { sessionEpoch: STORED_BEFORE, bootId: "boot-2", next: 1 }));
  await is("active");
  await say("event", batchOf(...noteOf(words)));
  await say("telemetry", batchOf(...samplesOf(words)));
  await device.client.endAsync();
  device = await connected(identity);
  await say("hello", aHello(words, { sessionEpoch: 3, bootId: "boot-3", next: 5 }));
  await is("quarantined");
  return device;
}

const deviceNow = () => systemClock.now() + AHEAD;

const aHello = (
  { conditions }: Words,
  { next, ...session }: { readonly sessionEpoch: number; readonly bootId: string; readonly next: number },
) => ({
  ...session,
  agentVersion: AGENT_VERSION,
  capabilities: ["command:ping"],
  lastExitReason: "power",
  conditions,
  clockPeriod: 1,
  time: { wallMs: deviceNow(), monotonicMs: 1 },
  streams: [{ stream: "telemetry", firstUnacknowledged: 1, next }],
});

const batchOf = (...records: readonly (GivenRecord & { readonly sequence: number })[]) => ({
  ...uncheckedColumns(records),
  firstUnacknowledged: records[0]?.sequence ?? 1,
  sessionEpoch: STORED_BEFORE,
  clocks: [{ clockPeriod: 1, offsetMs: -AHEAD, uncertaintyMs: 20 }],
});

const noteOf = ({ note: [name, detail] }: Words) => [
  { sequence: 1, atMs: deviceNow(), clockPeriod: 1, agentEvent: { name, detail } },
];

/** Of the last minute: samples, a loss, samples; then what is doubted and what is refused. */
function samplesOf({ lossReason }: Words) {
  const now = deviceNow();
  const at = (seconds: number) => Math.round(now - seconds * SECOND);
  const record = (sequence: number, seconds: number) => ({ sequence, atMs: at(seconds), clockPeriod: 1 });
  const samples = (from: number, to: number) => ({
    baseMs: at(from),
    offsetMs: Array.from({ length: from - to }, (_, place) => place * SECOND),
    series: [
      { metric: "cpu.busy_percent", values: Array.from({ length: from - to }, (_, i) => 30 + 20 * Math.sin(i)) },
    ],
  });
  return [
    { ...record(1, 60), telemetry: samples(60, 40) },
    {
      ...record(2, 40),
      gap: { upTo: 16, records: 15, bytes: 4_000, reason: lossReason, fromMs: at(40), toMs: at(25) },
    },
    { ...record(17, 25), telemetry: samples(25, 2) },
    { ...record(18, 2), telemetry: { ...samples(2, 0), baseMs: 86_400_000 } },
    { ...record(19, 1), telemetry: { ...samples(2, 0), series: [{ metric: "", values: [1, 2] }] } },
  ];
}
