import { MINUTE } from "@edgemere/protocol/kit";
import { gauge, type Family, type Labels } from "../../platform/figures.ts";
import { isNamed, prometheusLabel, prometheusName } from "../../platform/metric-pattern.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { child } from "./chain-contract.ts";
import { childStandings } from "./chain-tables.ts";
import { countedDevices, hostOf } from "./chained-devices.ts";
import { newestOfChained } from "./chained-reading.ts";
import type { TelemetryContext } from "./context.ts";
import { newestValues, type NewestValue } from "./newest.ts";

/** A value that is older than what is known says nothing of now: its series ends, as that of a device that is away. */
const FRESH = 5 * MINUTE;
/** Of one device, so that none takes the room of all. */
const SERIES_OF_ONE = 500;

interface Of {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where it is not known here. */
  readonly isOnline: boolean | undefined;
  readonly latest: readonly NewestValue[];
  /** Of a device of a child that reports: of what is later nothing is known. */
  readonly knownUpTo?: number | undefined;
}

interface Wanted {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
  readonly series: number;
}

/** The newest values of the metrics that were named, of devices in the order of their ids, as far as there is room. */
export function fleetFigures(
  devices: Iterable<Of>,
  { metrics, labels, series }: Wanted,
  now: number,
): readonly Family[] {
  const values = new Map<string, [Labels, number][]>();
  const [about, online]: [[Labels, number][], [Labels, number][]] = [[], []];
  let [room, leftOut] = [series, 0];
  for (const { id, name, labels: own, isOnline, latest, knownUpTo = now } of devices) {
    const shown = labels.map((label) => [prometheusLabel(label), own[label] ?? ""] as const);
    about.push([{ device: id, name, ...Object.fromEntries(shown) }, 1]);
    if (isOnline !== undefined) online.push([{ device: id }, Number(isOnline)]);
    const fresh = latest.filter(({ metric, at }) => Math.abs(knownUpTo - at) <= FRESH && isNamed(metric, metrics));
    // Two metrics may be one when their names are made fit for Prometheus.
    const distinct = new Map(
      fresh.map((each) => [`${prometheusName(each.metric)}\u0000${each.instance}`, each] as const),
    );
    const taken = [...distinct.values()].slice(0, Math.min(room, SERIES_OF_ONE));
    room -= taken.length;
    leftOut += fresh.length - taken.length;
    for (const { metric, instance, value } of taken) {
      const family = prometheusName(metric);
      const labelled: Labels = instance === "" ? { device: id } : { device: id, part: instance };
      const known = values.get(family);
      if (known === undefined) values.set(family, [[labelled, value]]);
      else known.push([labelled, value]);
    }
  }
  return [
    gauge({ name: "edgemere_device_info", help: "1, with the name of a device and its labels" }, about),
    gauge({ name: "edgemere_device_online", help: "1 while a device is online" }, online),
    ...[...values].map(([name, of]) => gauge({ name, help: "Newest value that a device reported" }, of)),
    gauge({ name: "edgemere_fleet_series_left_out", help: "Series of devices for which there was no room" }, [
      [{}, leftOut],
    ]),
  ];
}

/** Nothing when no metric is named: the fleet costs a look at every device. */
export async function telemetryFigures({
  store,
  clock,
  telemetry,
}: Pick<TelemetryContext, "store" | "clock" | "telemetry">): Promise<readonly Family[]> {
  const { fleet } = telemetry;
  if (fleet === undefined || fleet.metrics.length === 0) return [];
  const devices: Of[] = [];
  const hosts = new Set<string>();
  for await (const row of store.scan(device)) {
    const { id, name, labels, presence, state } = row;
    hosts.add(hostOf(row));
    if (state !== "retired")
      devices.push({ id, name, labels, isOnline: presence === "online", latest: await newestValues(id, store) });
  }
  const reporting = await knownOfReporting(store);
  for await (const { row, shownName: name, labels } of countedDevices(store, hosts)) {
    const latest = await newestOfChained(store, row.id, clock.now(), (metric) => isNamed(metric, fleet.metrics));
    const knownUpTo = reporting.get(row.child);
    devices.push({ id: row.id, name, labels, isOnline: undefined, latest, knownUpTo });
  }
  return fleetFigures(devices, fleet, clock.now());
}

/** Up to when each child that reports is known: how often it does is its own business. */
async function knownOfReporting(store: Store): Promise<ReadonlyMap<string, number | undefined>> {
  const known = new Map<string, number | undefined>();
  for await (const { id, state } of store.scan(child))
    if (state === "reporting") known.set(id, (await store.get(childStandings, id))?.knownUpTo);
  return known;
}
