import { summedMetric } from "@edgemere/protocol/metric-unit";
import type { Input, Output } from "../../src/faces/client.ts";
import type { LineData } from "./chart-columns.ts";
import { isLive, type ChartRange } from "./chart-range.ts";
import { csvOf } from "./csv.ts";
import { bytes, counted } from "./format.ts";
import { visible } from "./hostile-text.ts";

export type FleetAnswer = Output<"cpl/ta/query">;
type FleetGroup = FleetAnswer["series"][number];
type Summing = NonNullable<Input<"cpl/ta/query">["function"]>;

export const FUNCTIONS: readonly { readonly value: Summing; readonly label: string }[] = [
  { value: "mean", label: "Mean" },
  { value: "min", label: "Least" },
  { value: "max", label: "Largest" },
  { value: "p50", label: "Median" },
  { value: "p90", label: "90th percentile" },
  { value: "p95", label: "95th percentile" },
  { value: "p99", label: "99th percentile" },
  { value: "last", label: "Last" },
  { value: "sum", label: "Sum" },
  { value: "count", label: "Number of samples" },
  { value: "rate", label: "Growth in a second" },
];

/** Which groups are shown, and in which order. */
export const RANKINGS = [
  { value: "all", label: "All groups" },
  { value: "highest", label: "The 10 highest" },
  { value: "lowest", label: "The 10 lowest" },
  { value: "changed", label: "What changed most" },
] as const;
type Ranking = (typeof RANKINGS)[number]["value"];

const TOP = 10;
const FIRST_METRIC = "cpu.busy_percent";

/** What is asked of the fleet, as it stands in an address. */
export interface FleetQuestion {
  readonly metric: string;
  readonly summing: Summing;
  readonly by: readonly string[];
  readonly selector: string;
  readonly adevice: string;
  readonly ranking: Ranking;
}

/** Words that an address does not know stand for what is usual. */
export const questionIn = (parameters: URLSearchParams): FleetQuestion => ({
  metric: parameters.get("metric") || FIRST_METRIC,
  summing: FUNCTIONS.find(({ value }) => value === parameters.get("function"))?.value ?? "mean",
  by: (parameters.get("by") ?? "").split(",").filter((each) => each !== ""),
  selector: parameters.get("selector") ?? "",
  adevice: parameters.get("adevice") ?? "",
  ranking: RANKINGS.find(({ value }) => value === parameters.get("show"))?.value ?? "all",
});

/** As the control plane is asked. */
export function inputOf(question: FleetQuestion, range: ChartRange): Input<"cpl/ta/query"> {
  const { metric, summing, by, selector, adevice, ranking } = question;
  return {
    metric: [metric],
    function: summing,
    ...(by.length > 0 && { by: [...by] }),
    ...(selector !== "" && { selector }),
    ...(adevice !== "" && { adevice }),
    ...(ranking !== "all" && { top: TOP }),
    ...(ranking === "lowest" && { order: "ascending" }),
    ...(ranking === "changed" && { changes: true }),
    ...rangeInput(range),
  };
}

/** A live range is reckoned from the control plane's clock: the browser's may be wrong. */
export const rangeInput = (range: ChartRange): { readonly from: number; readonly to?: number } =>
  isLive(range) ? { from: ago(range.last) } : { from: range.from, to: range.to };

// An instant may be written as text, which types of handlers do not tell: they get a number.
const ago = (milliseconds: number) => `-${milliseconds}ms` as unknown as number;

/** More than this is asked for first: it takes a second of the control plane, or more. */
const HEAVY = { samples: 5_000_000, bytes: 64 * 1024 ** 2 };

export const isHeavy = ({ samples, bytes }: FleetAnswer["cost"]): boolean =>
  samples > HEAVY.samples || bytes > HEAVY.bytes;

export const costText = (cost: FleetAnswer["cost"], source: string): string =>
  `${counted(cost.samples, source === "samples" ? "sample" : "window")} (${bytes(cost.bytes)} at most) of ${counted(cost.devices, "device")}`;

/** Control planes that an answer is about and that say nothing now: the end of its range is not known of their devices. */
export const notHeard = ({ children }: Pick<FleetAnswer, "children">): FleetAnswer["children"] =>
  children.filter(({ state, knownUpTo }) => state !== "reporting" || knownUpTo === undefined);

/** What the devices of a group have in common, in words. */
export function groupName({ by }: Pick<FleetGroup, "by">): string {
  const words = Object.entries(by).map(([word, value]) => {
    if (word === "device") return value;
    return value === "" ? `without ${word}` : `${word}=${value}`;
  });
  return words.length === 0 ? "all devices" : visible(words.join(", "));
}

/** A line of a chart. */
export interface FleetLine extends LineData {
  readonly label: string;
  readonly device: string;
  readonly metric: string;
  readonly instance: string;
}

const NO_GAPS: readonly [] = [];

/** Windows without samples are gaps of their line. */
export const linesOf = ({ at, series, function: summing }: FleetAnswer): readonly FleetLine[] =>
  series
    .filter(({ value }) => value.some((each) => each !== null))
    .map((group) => ({
      label: groupName(group),
      device: groupName(group),
      metric: summedMetric(group.metric, summing),
      instance: "",
      at,
      value: group.value,
      gaps: [...NO_GAPS],
    }));

/** A line for each window of each group; instants in UTC. */
export function fleetCsv({ at, series, function: summing, step }: FleetAnswer): string {
  const words = [...new Set(series.flatMap(({ by }) => Object.keys(by)))];
  return csvOf([
    ["time", "step", "metric", "function", ...words, "value"],
    ...series.flatMap(({ by, metric, value }) =>
      at.flatMap((instant, place) => {
        const each = value[place];
        if (typeof each !== "number") return [];
        const common = words.map((word) => (Object.hasOwn(by, word) ? by[word] : ""));
        return [[new Date(instant).toISOString(), step, metric, summing, ...common, each]];
      }),
    ),
  ]);
}

/** By how much a value changed: "+12.5 %"; in words where that is no number. */
export function changeText({ before, overall, change }: FleetGroup): string {
  if (before === null || before === undefined) return overall === null ? "" : "new";
  if (overall === null) return "gone";
  if (typeof change !== "number") return "from zero";
  const share = new Intl.NumberFormat(undefined, {
    style: "percent",
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  });
  return share.format(change).replace(/\s?%/, " %");
}

/** Where the charts of a group's device are, at the same range; undefined where the group is no single device, or one of a child control plane: that has it. */
export function deviceLink({ by }: Pick<FleetGroup, "by">, parameters: URLSearchParams): string | undefined {
  if (by["device"] === undefined || by["device"] === "" || by["device"].includes("/")) return undefined;
  const kept = [...parameters].filter(([name]) => ["last", "from", "to", "zone"].includes(name));
  return `/devices/${encodeURIComponent(by["device"])}/charts?${new URLSearchParams(kept).toString()}`;
}
