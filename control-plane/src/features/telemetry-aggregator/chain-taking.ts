import { ColumnEncoder } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { put, putBytes, whenLanded, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { excessOf, metricsIn, readMetric, type MetricHour, type Minutes } from "./chain-bytes.ts";
import type { Child, ReportedHour, ReportRefusal } from "./chain-contract.ts";
import { AHEAD_AT_MOST, flawOf } from "./chain-flaws.ts";
import { toBeReported } from "./chain-reporting.ts";
import { counted, Counting, hasRoom } from "./chain-room.ts";
import {
  chainedDays,
  chainedDevices,
  chainedHours,
  chainedId,
  sketchesKey,
  type ChainedDay,
  type ChainedDevice,
  type ChainedHour,
} from "./chain-tables.ts";
import { viewOfChained } from "./chained-devices.ts";
import { newMinutes, pointsIn, type MinuteSeries } from "./chained-arrivals.ts";
import type { TelemetryContext } from "./context.ts";
import { madeGroupsDirty, type GroupMembers } from "./group-making.ts";
import { dayOf, withHour } from "./window-making.ts";
import { hourId, windowsKey } from "./window-tables.ts";

/** Characters of a device's labels: every query of the fleet reads those of every device. */
const LABELS_AT_MOST = 16 * 1024;

/** What the row of a day takes at most. */
const ROW = 512;

/** What became of an hour that a child told of. */
type Verdict = "taken" | "repeated" | ReportRefusal;

interface Place {
  readonly store: Store;
  readonly telemetry: TelemetryContext["telemetry"];
  readonly groups: readonly GroupMembers[];
  readonly now: number;
  /** How long windows of a minute are kept. */
  readonly keep: number;
  /** Devices of the child that are known before. */
  readonly devices: number;
  /** Bytes of what it told before that are kept, and that may be. */
  readonly used: number;
  readonly atMost: number;
}

/** What is written of an hour, in the place of all that was known of it. */
interface Written {
  readonly device: ChainedDevice;
  readonly hour: ChainedHour;
  readonly day: ChainedDay;
  readonly bytes: ReadonlyMap<string, Uint8Array | undefined>;
  readonly counting: Counting;
  /** What was not known before; nothing where nobody hears of it. */
  readonly news: readonly MinuteSeries[];
}

/** Decides on the hours of one report. What is written is what lands in one commit: later hours of it see what earlier ones changed. */
export class Taking {
  readonly #child: Child;
  readonly #place: Place;
  readonly #columns = new ColumnEncoder();
  readonly #bytes = new Map<string, Uint8Array | undefined>();
  readonly #devices = new Map<string, ChainedDevice>();
  readonly #hours = new Map<string, ChainedHour>();
  readonly #days = new Map<string, ChainedDay>();
  /** What it takes more than before, of this child and of others whose hours it told anew. */
  readonly counting = new Counting();
  readonly #more: Change[] = [];
  #known: number;
  /** Points of this report for whoever hears them. */
  #told = 0;

  constructor(child: Child, place: Place) {
    this.#child = child;
    this.#place = place;
    this.#known = place.devices;
  }

  get changes(): readonly Change[] {
    return [
      ...[...this.#bytes].map(([key, bytes]) => putBytes(key, bytes)),
      ...[...this.#devices.values()].map((row) => put(chainedDevices, row)),
      ...[...this.#hours.values()].map((row) => put(chainedHours, row)),
      ...[...this.#days.values()].map((row) => put(chainedDays, row)),
      ...this.#more,
    ];
  }

  async take(report: ReportedHour): Promise<Verdict> {
    const { store, now, keep, telemetry } = this.#place;
    const { origin, hour, version } = report;
    if (origin === telemetry.chain?.origin) return "own-origin";
    if (!this.#child.origins.includes(origin)) return "undeclared-origin";
    if (hour % HOUR !== 0 || !report.gaps.every((gap) => isWithin(gap, hour))) return "inconsistent";
    if (hour > now + AHEAD_AT_MOST || versionAt(version) > now + AHEAD_AT_MOST) return "future";
    if (hour < now - keep) return "too-old";
    if (JSON.stringify(report.labels).length > LABELS_AT_MOST) return "too-large";
    const id = chainedId(origin, report.device);
    const known = this.#hours.get(hourId(hour, id)) ?? (await store.get(chainedHours, hourId(hour, id)));
    if (known !== undefined && known.version >= version) return "repeated";
    const device = this.#devices.get(id) ?? (await store.get(chainedDevices, id));
    const isNew = device?.child !== this.#child.id;
    if (isNew && this.#known >= this.#child.devicesAtMost) return "too-many-devices";
    // Its windows alone: nobody reads what has no place.
    if (!this.#hasRoom(base64Bytes(report.windows) - (known?.bytes ?? 0))) return "no-room";
    const read = readable(report, hour);
    if (typeof read === "string") return read;
    const flaw = flawOf(new Map(read.map(({ metric, minutes }) => [metric, minutes])), now);
    if (flaw !== undefined) return flaw;
    const written = await this.#written(report, read, { device, hour: known });
    if (!this.#hasRoom(written.counting.of(this.#child.id))) return "no-room";
    if (isNew) this.#known++;
    this.#put(written);
    return "taken";
  }

  #hasRoom(more: number): boolean {
    const { used, atMost } = this.#place;
    return hasRoom(more, { used: used + this.counting.of(this.#child.id), atMost });
  }

  /** Its name and its labels are those of the newest report. */
  #deviceAfter(report: ReportedHour, before: ChainedDevice | undefined): ChainedDevice {
    const { origin, device } = report;
    const newest = before !== undefined && report.version < before.version ? before : report;
    const { name, labels, machine, version } = newest;
    const newestHour = Math.max(report.hour, before?.newestHour ?? 0);
    const id = chainedId(origin, device);
    return counted({ id, origin, device, name, labels, machine, version, newestHour, child: this.#child.id });
  }

  async #written(
    report: ReportedHour,
    read: readonly Read[],
    before: { readonly device: ChainedDevice | undefined; readonly hour: ChainedHour | undefined },
  ): Promise<Written> {
    const { hour, version, gaps } = report;
    const device = this.#deviceAfter(report, before.device);
    const dayId = hourId(dayOf(hour), device.id);
    const dayBefore = this.#days.get(dayId) ?? (await this.#place.store.get(chainedDays, dayId));
    const metrics = new Map<string, Partial<Read>>([
      ...(before.hour?.metrics ?? []).map((metric) => [metric, {}] as const),
      ...read.map((each) => [each.metric, each] as const),
    ]);
    const bytes = new Map<string, Uint8Array | undefined>();
    const news: MinuteSeries[] = [];
    const isHeard = this.#place.telemetry.chainedArrivals?.isWanted === true;
    let [ofHour, ofDay] = [0, dayBefore?.bytes ?? ROW];
    for (const [metric, { windows, sketches, minutes = [] }] of metrics) {
      const keys = [windowsKey("minutes", hour, metric, device.id), sketchesKey(hour, metric, device.id)] as const;
      if (isHeard) news.push(...newMinutes(metric, minutes, { hour, before: await this.#bytesOf(keys[0]) }));
      bytes.set(keys[0], windows).set(keys[1], sketches);
      ofHour += sizeOf(keys[0], windows) + sizeOf(keys[1], sketches);
      const key = windowsKey("hours", dayOf(hour), metric, device.id);
      const known = await this.#bytesOf(key);
      const after = withHour(this.#columns, known, hour, minutes);
      bytes.set(key, after);
      ofDay += sizeOf(key, after) - sizeOf(key, known);
    }
    const names = read.map(({ metric }) => metric);
    const head = { id: hourId(hour, device.id), device: device.id, child: this.#child.id };
    const rows = {
      device,
      hour: counted({ ...head, hour, version, metrics: names, gaps }, ofHour),
      day: { id: dayId, child: this.#child.id, bytes: Math.max(ROW, ofDay) },
    };
    const counting = new Counting();
    for (const row of [before.device, before.hour, dayBefore]) counting.take(row);
    for (const row of Object.values(rows)) counting.add(row);
    return { ...rows, bytes, counting, news };
  }

  #put({ device, hour, day, bytes, counting, news }: Written): void {
    const { telemetry, groups, now } = this.#place;
    for (const [key, value] of bytes) this.#bytes.set(key, value);
    this.#devices.set(device.id, device);
    this.#hours.set(hour.id, hour);
    this.#days.set(day.id, day);
    this.counting.include(counting);
    const { landings, chainedArrivals } = telemetry;
    if (chainedArrivals !== undefined && news.length > 0) {
      const of = { device: device.id, child: this.#child.name, arrivedAt: now };
      this.#more.push(whenLanded(chainedArrivals.landing(of, news, this.#told)));
      this.#told += pointsIn(news);
    }
    // The newest values are those of the newest hour, or the one before.
    if (landings !== undefined && hour.hour >= device.newestHour - HOUR)
      this.#more.push(whenLanded(() => landings.add(device.id)));
    this.#more.push(
      ...madeGroupsDirty(hour.hour, groups, viewOfChained(device, this.#child).view),
      ...toBeReported(telemetry, device.device, [hour.hour], device.origin),
    );
  }

  async #bytesOf(key: string): Promise<Uint8Array | undefined> {
    return this.#bytes.has(key) ? this.#bytes.get(key) : this.#place.store.bytes(key);
  }
}

interface Read extends MetricHour {
  readonly minutes: readonly Minutes[];
}

/** The bytes are somebody else's: where they are none of windows, or of too many, why they are not read. */
function readable({ windows }: ReportedHour, hour: number): readonly Read[] | ReportRefusal {
  try {
    const metrics = metricsIn(Buffer.from(windows, "base64"));
    if (new Set(metrics.map(({ metric }) => metric)).size < metrics.length) return "unreadable";
    const excess = excessOf(metrics);
    if (excess !== undefined) return excess;
    return metrics.map((each) => ({ ...each, minutes: readMetric(each, hour) }));
  } catch {
    return "unreadable";
  }
}

const sizeOf = (key: string, bytes: Uint8Array | undefined): number =>
  bytes === undefined ? 0 : key.length + bytes.length;

/** At least so many. */
const base64Bytes = (text: string): number => Math.floor((text.length * 3) / 4) - 2;

const versionAt = (version: string): number => Number(version.split(".")[1]);

const isWithin = ({ from, to }: ReportedHour["gaps"][number], hour: number): boolean =>
  from <= to && from < hour + HOUR && to >= hour;
