import { unitOfMetric, type MetricUnit } from "@edgemere/protocol/metric-unit";
import type { Reading } from "./chart-columns.ts";
import { bytes, duration, number, percent } from "./format.ts";
import { visible } from "./hostile-text.ts";

/** How values of a metric are written. */
const UNITS: Readonly<Record<MetricUnit, { readonly unit: string; readonly format: (value: number) => string }>> = {
  bytes_per_second: { unit: "bytes per second", format: (value) => `${bytes(value)}/s` },
  per_second: { unit: "per second", format: (value) => `${number(value)} /s` },
  percent: { unit: "percent", format: percent },
  bytes: { unit: "bytes", format: bytes },
  celsius: { unit: "degrees Celsius", format: (value) => `${number(value)} °C` },
  milliseconds: { unit: "milliseconds", format: duration },
  seconds: { unit: "seconds", format: (value) => duration(value * 1_000) },
  count: { unit: "", format: number },
};

const GROUP_TITLES: Readonly<Record<string, string>> = {
  cpu: "CPU",
  memory: "Memory",
  load: "Load",
  filesystem: "File systems",
  disk: "Disks",
  network: "Network",
  temperature: "Temperature",
  pressure: "Pressure stall",
  processes: "Processes",
  swap: "Swap",
  system: "System",
  agent: "Agent",
};
const GROUP_ORDER = Object.keys(GROUP_TITLES);

/** Metrics that say more side by side than each alone. */
const TOGETHER: readonly { readonly title: string; readonly metrics: readonly string[] }[] = [
  {
    title: "Busy by kind",
    metrics: ["user", "system", "iowait", "interrupt", "steal"].map((kind) => `cpu.${kind}_percent`),
  },
  { title: "Average", metrics: ["load.average_1m", "load.average_5m", "load.average_15m"] },
  { title: "Use", metrics: ["used", "cached", "dirty", "available", "total"].map((kind) => `memory.${kind}_bytes`) },
  { title: "Use", metrics: ["swap.used_bytes", "swap.total_bytes"] },
  { title: "Space", metrics: ["used", "available", "total"].map((kind) => `filesystem.${kind}_bytes`) },
  { title: "Throughput", metrics: ["disk.read_bytes_per_second", "disk.written_bytes_per_second"] },
  { title: "Operations", metrics: ["disk.reads_per_second", "disk.writes_per_second"] },
  { title: "Throughput", metrics: ["network.received_bytes_per_second", "network.sent_bytes_per_second"] },
  { title: "Packets", metrics: ["network.received_packets_per_second", "network.sent_packets_per_second"] },
  {
    title: "Errors and drops",
    metrics: ["received_errors", "sent_errors", "received_drops", "sent_drops"].map(
      (kind) => `network.${kind}_per_second`,
    ),
  },
  { title: "Running and blocked", metrics: ["processes.running_count", "processes.blocked_count"] },
];

export interface ChartPlan {
  readonly title: string;
  readonly metrics: readonly string[];
}

const sentence = (words: string) => visible(words.charAt(0).toUpperCase() + words.slice(1));
const writingOf = (metric: string) => {
  const unit = unitOfMetric(metric);
  return unit && UNITS[unit];
};

const groupOf = (metric: string): string => metric.split(".", 1)[0] ?? metric;
/** A device may name a metric as what every object knows. */
export const groupTitle = (group: string): string =>
  (Object.hasOwn(GROUP_TITLES, group) ? GROUP_TITLES[group] : undefined) ?? sentence(group);

/** "Busy" of `cpu.busy_percent`. */
export function metricTitle(metric: string): string {
  const rest = metric.slice(metric.indexOf(".") + 1);
  const words = rest.slice(0, rest.length - (unitOfMetric(metric)?.length ?? 0)).replaceAll(/[._]+/g, " ");
  return sentence(
    words
      .trim()
      .replace(/\bcpu\b/, "CPU")
      .replace(/\bio\b/, "I/O") || groupTitle(groupOf(metric)),
  );
}
export const metricUnit = (metric: string): string => writingOf(metric)?.unit ?? "";
export const formatValue = (metric: string, value: number): string => (writingOf(metric)?.format ?? number)(value);
/** What a line says of a moment; of a step of many samples also between what they lay. */
export const readingText = (metric: string, reading: Reading | undefined): string => {
  if (reading === undefined) return "not recorded";
  const { value, low, high } = reading;
  const range =
    low === undefined || high === undefined ? "" : ` (${formatValue(metric, low)} – ${formatValue(metric, high)})`;
  return formatValue(metric, value) + range;
};
export const isBytes = (metric: string): boolean => writingOf(metric)?.unit.startsWith("bytes") ?? false;
/** Percent stands between fixed ends. */
export const isShare = (metric: string): boolean => metric.endsWith("percent");

/** Which charts to draw of the metrics that a device reports, by group. */
export function planCharts(metrics: readonly string[]): readonly (readonly [group: string, ChartPlan[]])[] {
  const groups = new Map<string, ChartPlan[]>();
  const planned = new Set<ChartPlan>();
  for (const metric of [...new Set(metrics)].sort()) {
    const plan = TOGETHER.find((each) => each.metrics.includes(metric)) ?? {
      title: metricTitle(metric),
      metrics: [metric],
    };
    if (planned.has(plan)) continue;
    planned.add(plan);
    const group = groupOf(metric);
    groups.set(group, [...(groups.get(group) ?? []), plan]);
  }
  return [...groups].sort(([a], [b]) => place(a) - place(b) || a.localeCompare(b));
}

const place = (group: string) => (GROUP_ORDER.includes(group) ? GROUP_ORDER.indexOf(group) : GROUP_ORDER.length);
