import { decodeColumn, v1 } from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { RECORDED } from "./record-ledger.ts";
import type { World } from "./world.ts";

/** Hours whose windows are to be made, and those that are being made. */
const MARKS = ["telemetrydirty", "telemetryunderway"].map((table) => `srow\u0000s${table}\u0000`);
/** There is a moment between two reports in which all is made. */
const LOOK_EVERY = 250;
const MADE_WITHIN = 10 * MINUTE;
/** As many as one question may name. */
const METRICS_AT_ONCE = 20;

interface Answer {
  readonly source: string;
  readonly pending: number;
  readonly series: readonly { readonly by: object; readonly metric: string; readonly overall: number | null }[];
}

/** How many samples each series of each device has, by its name; undefined when nobody answers. */
type Counts = ReadonlyMap<string, number>;

/** Windows that were made beforehand count each stored sample once, and each sample that a device sent is stored once at most. */
export async function auditWindows(world: World): Promise<void> {
  const { mix, clock, trace, controlPlane, devices, events } = world;
  if (mix.windowsEvery === undefined) return;
  const areMarked = () => MARKS.some((prefix) => controlPlane.database.keysWith(prefix).length > 0);
  for (const until = clock.monotonic() + MADE_WITHIN; areMarked(); await clock.advance(LOOK_EVERY))
    if (clock.monotonic() >= until) return trace.wrong("windows are not made");
  for (const { id } of devices) {
    if (events.isRetired(id)) continue;
    const [samples, minutes, hours] = [
      await counted(world, id, "10s"),
      await counted(world, id, "1m"),
      await counted(world, id, "1h"),
    ];
    for (const [name, count] of samples)
      if (minutes.get(name) !== count || hours.get(name) !== count)
        trace.wrong(
          `${id} has ${count} samples of ${name}, and windows of ${minutes.get(name) ?? 0} by minutes, ${hours.get(name) ?? 0} by hours`,
        );
    const extra = [...minutes.keys(), ...hours.keys()].find((name) => !samples.has(name));
    if (extra !== undefined) trace.wrong(`${id} has windows of ${extra}, and no samples`);
    const stored = [...samples.values()].reduce((sum, count) => sum + count, 0);
    const sent = received(world, id);
    if (stored > sent) trace.wrong(`${id} has ${stored} samples, and ${sent} were received`);
    world.samples += stored;
  }
}

/** From hour to hour, so that windows of every length hold the same time. */
async function counted({ controlPlane, clock, trace }: World, device: string, step: string): Promise<Counts> {
  const listed = (await controlPlane.ask("cpl/ta/metrics", { device })) as
    | { readonly metrics: readonly { readonly metric: string }[] }
    | undefined;
  const metrics = [...new Set((listed?.metrics ?? []).map(({ metric }) => metric))];
  const hour = Math.floor(clock.now() / HOUR) * HOUR;
  const counts = new Map<string, number>();
  for (let place = 0; place < metrics.length; place += METRICS_AT_ONCE) {
    const answer = (await controlPlane.ask("cpl/ta/query", {
      metric: metrics.slice(place, place + METRICS_AT_ONCE),
      device,
      by: ["instance"],
      function: "count",
      from: hour - 3 * HOUR,
      to: hour + 3 * HOUR,
      step,
    })) as Answer | undefined;
    if (answer === undefined) continue;
    if ((answer.source === "samples") !== (step === "10s"))
      trace.wrong(`windows of ${step} come from ${answer.source}`);
    for (const { by, metric, overall } of answer.series)
      if (overall !== null) counts.set(`${metric} ${JSON.stringify(by)}`, overall);
  }
  return counts;
}

/** How many values the records of a device hold that its control plane has stored. */
function received({ controlPlane: { database } }: World, device: string): number {
  let values = 0;
  for (const key of database.keysWith(`${RECORDED}${device}/telemetry/`)) {
    const { telemetry } = v1.Record.decode(database.get(key) ?? new Uint8Array());
    for (const column of telemetry?.columns ?? [])
      values += decodeColumn(column, telemetry?.rows ?? 0).filter((value) => !Number.isNaN(value)).length;
  }
  return values;
}
