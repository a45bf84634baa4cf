import { bytes, duration, number, percent } from "./format.ts";

/** How values of a metric are written: its name ends in its unit. */
const UNITS: readonly { readonly ending: string; readonly unit: string; readonly format: (value: number) => string }[] = [
  { ending: "_bytes_per_second", unit: "bytes per second", format: (value) => `${bytes(value)}/s` },
  { ending: "_per_second", unit: "per second", format: (value) => `${number(value)} /s` },
  { ending: "_percent", unit: "percent", format: percent },
  { ending: "_bytes", unit: "bytes", format: bytes },
  { ending: "_celsius", unit: "degrees Celsius", format: (value) => `${number(value)} °C` },
  { ending: "_milliseconds", unit: "milliseconds", format: duration },
  { ending: "_seconds", unit: "seconds", format: (value) => duration(value * 1_000) },
];

const GROUP_TITLES: Readonly<Record<string, string>> = {
  cpu: "CPU",
  memory: "Memory",
  load: "Load",
  filesystem: "File systems",
  disk: "Disks",
  network: "Network",
  pressure: "Pressure stall",
  process: "Processes",
  temperature: "Temperature",
  agent: "Agent",
};
const GROUP_ORDER = Object.keys(GROUP_TITLES);

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);
const unitOf = (metric: string) => UNITS.find(({ ending }) => metric.endsWith(ending));

/** `cpu` of `cpu.busy_percent`. */
export const groupOf = (metric: string): string => metric.split(/[._]/, 1)[0] ?? metric;
export const groupTitle = (group: string): string => GROUP_TITLES[group] ?? sentence(group);
/** "Busy" of `cpu.busy_percent`. */
export function metricTitle(metric: string): string {
  const rest = metric.slice(metric.indexOf(".") + 1);
  const ending = unitOf(metric)?.ending ?? "";
  const words = rest.slice(0, rest.length - ending.length).replaceAll(/[._]+/g, " ").trim();
  return sentence(words || groupTitle(groupOf(metric)));
}
export const metricUnit = (metric: string): string => unitOf(metric)?.unit ?? "";
export const formatValue = (metric: string, value: number): string => (unitOf(metric)?.format ?? number)(value);
/** Percent stands between fixed ends, everything else starts at zero. */
export const isShare = (metric: string): boolean => metric.endsWith("_percent");

/** The groups people look at first come first. */
export const byGroup = (a: string, b: string): number => {
  const place = (group: string) => (GROUP_ORDER.includes(group) ? GROUP_ORDER.indexOf(group) : GROUP_ORDER.length);
  return place(a) - place(b) || a.localeCompare(b);
};
