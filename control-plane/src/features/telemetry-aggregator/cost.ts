import { Problem } from "../../platform/problem.ts";
import type { Store } from "../../platform/store.ts";
import { latestOf } from "./latest.ts";
import { costOf } from "./reading.ts";
import { SeriesList } from "./series-list.ts";
import type { Source } from "./source.ts";
import { latestKey, seriesListKey } from "./tables.ts";
import { instancesIn } from "./window-bytes.ts";
import { resolutions, windowsKey, type Resolution } from "./window-tables.ts";

/** What a query reads. */
export interface Cost {
  readonly devices: number;
  readonly samples: number;
  readonly bytes: number;
}

/** What is asked of each device; both instants included. */
export interface Asked {
  readonly metrics: ReadonlySet<string>;
  readonly from: number;
  readonly to: number;
}

/** What one query may read: a few seconds of one processor. */
const MOST = { samples: 60_000_000, bytes: 512 * 1024 ** 2 };
/** Devices that are looked at to guess what all will cost. */
const PROBES = 8;
/** Entries of windows that are looked at of each: the newest, and the others are taken to be like them. */
const PERIODS = 12;

/** What reading a range of these devices will cost at most, judged by a few of them. Reads no sample. */
export async function estimatedCost(
  source: Source,
  store: Store,
  devices: readonly string[],
  asked: Asked,
): Promise<Cost> {
  const stride = Math.max(1, Math.ceil(devices.length / PROBES));
  const probes = devices.filter((_, place) => place % stride === 0);
  let [samples, bytes] = [0, 0];
  for (const each of probes) {
    const cost =
      source === "samples" ? await ofSamples(store, each, asked) : await ofWindows(source, store, each, asked);
    samples += cost.samples;
    bytes += cost.bytes;
  }
  const times = probes.length === 0 ? 0 : devices.length / probes.length;
  return { devices: devices.length, samples: Math.round(samples * times), bytes: Math.round(bytes * times) };
}

async function ofSamples(store: Store, device: string, asked: Asked) {
  const { samples, bytes } = await costOf(store, device, asked);
  return { samples: samples * (await shareOf(store, device, asked.metrics)), bytes };
}

async function ofWindows(resolution: Resolution, store: Store, device: string, { metrics, from, to }: Asked) {
  const { step, period } = resolutions[resolution];
  const newest = Math.floor(to / period) * period;
  const periods = (newest - Math.floor(from / period) * period) / period + 1;
  const looked = Math.min(periods, PERIODS);
  let [samples, bytes] = [0, 0];
  for (let i = 0; i < looked; i++)
    for (const metric of metrics) {
      const entry = await store.bytes(windowsKey(resolution, newest - i * period, metric, device));
      if (entry === undefined) continue;
      bytes += entry.length;
      samples += instancesIn(entry) * (period / step);
    }
  return { samples: (samples * periods) / looked, bytes: (bytes * periods) / looked };
}

/** How many of all series of a device are of these metrics. */
async function shareOf(store: Store, device: string, metrics: ReadonlySet<string>): Promise<number> {
  const list = SeriesList.of(await store.bytes(seriesListKey(device)));
  const all = latestOf(await store.bytes(latestKey(device)));
  return all.filter(({ series }) => metrics.has(list.nameOf(series)?.metric ?? "")).length / Math.max(1, all.length);
}

/** Throws Problem too-large when a query reads more than it may; says how much that is and what to do. Without bytes nobody has counted them. */
export function refuseTooMuch(
  { devices, samples, bytes = 0 }: Pick<Cost, "devices" | "samples"> & Partial<Cost>,
  verb: "would read" | "has read",
  most = MOST,
): void {
  if (samples <= most.samples && bytes <= most.bytes) return;
  const size = bytes > 0 ? ` (${mebibytes(bytes)} MiB)` : "";
  throw new Problem(
    "too-large",
    `this ${verb} ${millions(samples)} million samples${size} of ${devices} devices, and at most ${millions(most.samples)} million (${mebibytes(most.bytes)} MiB) are read at once; ask for a shorter range, fewer devices or fewer metrics`,
  );
}

const millions = (samples: number) => Math.ceil(samples / 1_000_000);
const mebibytes = (bytes: number) => Math.ceil(bytes / 1024 ** 2);
