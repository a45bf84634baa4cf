import { AGENT_VERSION } from "@edgemere/agent";
import { inColumns } from "@edgemere/protocol";
import { DAY, HOUR, SECOND } from "@edgemere/protocol/kit";
import { bytesOf, connected, enrolled } from "../world/bare-device.ts";
import { eventually, type World } from "../world/world.ts";

const ROWS = 3_600;
const HOURS = 7 * 24;
/** Which hour was lost on the device, counted from the first. */
const LOST = 100;

export interface WeekDevice {
  readonly device: string;
  /** Instants of the first sample and after the last, of the hour that was lost, and of the one sample that stands out. */
  readonly from: number;
  readonly to: number;
  readonly lost: { readonly from: number; readonly to: number };
  readonly spikeAt: number;
}

/** How high the one sample is that stands out; all others lie below 100. */
export const SPIKE = 4_321;

/** A device without an agent that has measured every second for a week, and says all of it at once. */
export async function weekDevice(world: World, name: string): Promise<WeekDevice> {
  const identity = await enrolled(world, name);
  const to = Math.floor((Date.now() - 2 * HOUR) / HOUR) * HOUR;
  const from = to - 7 * DAY;
  const spikeAt = from + 2 * DAY + 1_234 * SECOND;
  await using device = await connected(identity);
  await device.say(
    "hello",
    bytesOf("hello", {
      sessionEpoch: 1,
      bootId: "boot-1",
      agentVersion: AGENT_VERSION,
      capabilities: ["command:ping"],
      conditions: [],
      clockPeriod: 1,
      time: { wallMs: Date.now(), monotonicMs: 1 },
      streams: [{ stream: "telemetry", firstUnacknowledged: 1, next: HOURS + 1 }],
    }),
  );
  for (let hour = 0; hour < HOURS; hour++) {
    const baseMs = from + hour * HOUR;
    const record =
      hour === LOST
        ? { gap: { upTo: hour + 1, records: 1, bytes: 1, reason: "spool-full", fromMs: baseMs, toMs: baseMs + HOUR } }
        : { telemetry: { baseMs, offsetMs: seconds, series: seriesOf(baseMs, spikeAt) } };
    const message = {
      ...inColumns([{ sequence: hour + 1, atMs: baseMs, clockPeriod: 1, ...record }]),
      firstUnacknowledged: hour + 1,
      sessionEpoch: 1,
      clocks: [{ clockPeriod: 1, offsetMs: 0, uncertaintyMs: 20 }],
    };
    await device.say("telemetry", bytesOf("telemetry", message));
  }
  const last = { device: name, metric: ["cpu.busy_percent"], from: to - HOUR, to, points: 10 };
  await eventually(async () => (await world.client.call("cpl/ta/history", last)).series.length === 1, "the last hour");
  return {
    device: identity.device,
    from,
    to,
    lost: { from: from + LOST * HOUR, to: from + (LOST + 1) * HOUR },
    spikeAt,
  };
}

const seconds = Array.from({ length: ROWS }, (_, row) => row * SECOND);

/** Of which no two samples are alike, so that no thinning out has an easy time. */
function seriesOf(baseMs: number, spikeAt: number) {
  const wave = (period: number) =>
    seconds.map((each, row) => 50 + 40 * Math.sin((baseMs + each) / period) + (row % 10));
  const busy = wave(8 * HOUR);
  const row = (spikeAt - baseMs) / SECOND;
  if (row >= 0 && row < ROWS) busy[row] = SPIKE;
  return [
    { metric: "cpu.busy_percent", values: busy },
    { metric: "load.average_1m", values: wave(HOUR) },
    { metric: "memory.used_bytes", values: wave(DAY).map((each) => each * 1_000_000) },
  ];
}
