import { ColumnEncoder } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { put, putBytes, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import {
  AHEAD_AT_MOST,
  excessOf,
  flawOf,
  metricsIn,
  readMetric,
  type MetricHour,
  type Minutes,
} from "./chain-bytes.ts";
import type { Child, ReportedHour, ReportRefusal } from "./chain-contract.ts";
import { toBeReported } from "./chain-reporting.ts";
import {
  chainedDevices,
  chainedHours,
  chainedId,
  sketchesKey,
  type ChainedDevice,
  type ChainedHour,
} from "./chain-tables.ts";
import { viewOfChained } from "./chained-devices.ts";
import type { TelemetryContext } from "./context.ts";
import { madeGroupsDirty, type GroupMembers } from "./group-making.ts";
import { dayOf, withHour } from "./window-making.ts";
import { hourId, windowsKey } from "./window-tables.ts";

/** Characters of a device's labels: every query of the fleet reads those of every device. */
const LABELS_AT_MOST = 16 * 1024;

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
}

/** Decides on the hours of one report. What is written is what lands in one commit: later hours of it see what earlier ones changed. */
export class Taking {
  readonly #child: Child;
  readonly #place: Place;
  readonly #columns = new ColumnEncoder();
  readonly #bytes = new Map<string, Uint8Array | undefined>();
  readonly #devices = new Map<string, ChainedDevice>();
  readonly #hours = new Map<string, ChainedHour>();
  readonly #more: Change[] = [];
  #known: number;

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
    const read = readable(report, hour);
    if (typeof read === "string") return read;
    const flaw = flawOf(new Map(read.map(({ metric, minutes }) => [metric, minutes])), now);
    if (flaw !== undefined) return flaw;
    if (isNew) this.#known++;
    const row = this.#deviceAfter(id, report, device);
    await this.#put(row, report, read, known?.metrics ?? []);
    return "taken";
  }

  /** Its name and its labels are those of the newest report. */
  #deviceAfter(id: string, report: ReportedHour, before: ChainedDevice | undefined): ChainedDevice {
    const { origin, device, name, labels, machine, version, hour } = report;
    const newestHour = Math.max(hour, before?.newestHour ?? 0);
    const isNewer = before === undefined || version >= before.version;
    const said = isNewer ? { name, labels, machine, version } : before;
    const known: ChainedDevice = { ...said, id, origin, device, newestHour, child: this.#child.id };
    this.#devices.set(id, known);
    return known;
  }

  /** Puts the hour in the place of all that was known of it. */
  async #put(
    row: ChainedDevice,
    report: ReportedHour,
    read: readonly Read[],
    before: readonly string[],
  ): Promise<void> {
    const { telemetry, groups } = this.#place;
    const { hour, version, gaps } = report;
    const metrics = new Map<string, Partial<Read>>([
      ...before.map((metric) => [metric, {}] as const),
      ...read.map((each) => [each.metric, each] as const),
    ]);
    for (const [metric, { windows, sketches, minutes = [] }] of metrics) {
      this.#bytes.set(windowsKey("minutes", hour, metric, row.id), windows);
      this.#bytes.set(sketchesKey(hour, metric, row.id), sketches);
      const day = windowsKey("hours", dayOf(hour), metric, row.id);
      this.#bytes.set(day, withHour(this.#columns, await this.#bytesOf(day), hour, minutes));
    }
    const id = hourId(hour, row.id);
    const names = read.map(({ metric }) => metric);
    this.#hours.set(id, { id, device: row.id, child: this.#child.id, hour, version, metrics: names, gaps });
    this.#more.push(
      ...madeGroupsDirty(hour, groups, viewOfChained(row, this.#child).view),
      ...toBeReported(telemetry, row.device, [hour], row.origin),
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

const versionAt = (version: string): number => Number(version.split(".")[1]);

const isWithin = ({ from, to }: ReportedHour["gaps"][number], hour: number): boolean =>
  from <= to && from < hour + HOUR && to >= hour;
