import { DAY, HOUR, MINUTE, SECOND } from "../kit/index.ts";

/** Samples of a metric in a stretch of time, summed up. */
export interface Window {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Samples that a condition looks back at. */
export interface WindowWanted {
  readonly metric: string;
  /** Undefined: all instances together. */
  readonly instance: string | undefined;
  /** Milliseconds. */
  readonly span: number;
}

/** What is known of one device at an instant. What is not known, or too old to be true now, is not there. */
export interface Reading {
  /** The device as selectors see it. */
  readonly view: Readonly<Record<string, unknown>>;
  /** The newest value of each instance of a metric. */
  readonly newest: (metric: string) => ReadonlyMap<string, number>;
  readonly window: (wanted: WindowWanted) => Window | undefined;
  /** How often an event of the device happened in so many milliseconds up to now. */
  readonly happened: (type: string, span: number) => number;
}

/** Whether a condition holds. Unknown: it hangs on a value that is not there. */
export type Verdict = "met" | "unmet" | "unknown";

/** A value that was looked at; absent where there was none. */
export interface Looked {
  readonly what: string;
  readonly value?: number;
}

/** What a condition says of a device, and of what. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly looked: readonly Looked[];
}

/** A condition that was checked against what there is to speak of. */
export interface PolicyCondition {
  readonly judge: (reading: Reading) => Judgement;
  readonly metrics: ReadonlySet<string>;
  readonly windows: readonly WindowWanted[];
  /** Events that it counts, and for how many milliseconds. */
  readonly events: readonly { readonly type: string; readonly span: number }[];
}

/** A function that a condition may call, as people are told of it. */
export interface PolicyFunction {
  readonly name: string;
  readonly takes: readonly string[];
  readonly gives: "number" | "bool";
  readonly summary: string;
}

const METRIC = "metric";
const INSTANCE = "instance";
const SPAN = "span";
const EVENT = "event";

const windowed = { mean: "mean", max: "highest", min: "lowest", count: "number" } as const;

/** All functions, for whoever writes a condition. */
export const policyFunctions: readonly PolicyFunction[] = [
  { name: "value", takes: [METRIC], gives: "number", summary: "The newest value of a metric that has one instance" },
  { name: "value", takes: [METRIC, INSTANCE], gives: "number", summary: "The newest value of one instance" },
  { name: "highest", takes: [METRIC], gives: "number", summary: "The highest of the newest values of all instances" },
  { name: "lowest", takes: [METRIC], gives: "number", summary: "The lowest of the newest values of all instances" },
  { name: "total", takes: [METRIC], gives: "number", summary: "The sum of the newest values of all instances" },
  ...Object.entries(windowed).flatMap(([name, word]): readonly PolicyFunction[] => [
    { name, takes: [METRIC, SPAN], gives: "number", summary: `The ${word} of the samples of a time up to now` },
    { name, takes: [METRIC, INSTANCE, SPAN], gives: "number", summary: `The ${word} of one instance's samples` },
  ]),
  { name: "known", takes: [METRIC], gives: "bool", summary: "Whether there is a value that is new enough" },
  { name: "happened", takes: [EVENT, SPAN], gives: "number", summary: "How often an event of the device happened" },
];

/** The function of a name that takes so many texts; undefined where there is none. */
export const functionOf = (name: string, texts: readonly string[]): PolicyFunction | undefined =>
  policyFunctions.find((each) => each.name === name && each.takes.length === texts.length);

/** What a call looks at. */
export interface Call {
  readonly metric?: string | undefined;
  readonly instance?: string | undefined;
  readonly event?: string | undefined;
  readonly span?: number | undefined;
}

/** What a call of a function looks at. Throws RangeError that says which of its texts is wrong. */
export function callOf({ takes }: PolicyFunction, texts: readonly string[]): Call {
  const given = (what: string) => texts[takes.indexOf(what)];
  const [metric, event, written] = [given(METRIC), given(EVENT), given(SPAN)];
  if (metric !== undefined && !/^[a-z][a-z0-9_]*([.:][a-z0-9_]+)*$/.test(metric))
    throw new RangeError(`"${metric}" is no metric: a metric is called as cpu.busy_percent is`);
  if (event !== undefined && !/^[a-z]+\.[a-z]+$/.test(event))
    throw new RangeError(`"${event}" is no event: an event is called as command.failed is`);
  const span = written === undefined ? undefined : spanOf(written);
  if (written !== undefined && span === undefined)
    throw new RangeError(`"${written}" is no time between 10s and 24h, such as 90s, 5m or 1h`);
  return { metric, instance: given(INSTANCE), event, span };
}

/** What some calls look at, together. */
export const lookingAt = (calls: readonly Call[]): Omit<PolicyCondition, "judge"> => ({
  metrics: new Set(calls.flatMap(({ metric }) => (metric === undefined ? [] : [metric]))),
  windows: calls.flatMap(({ metric, instance, span }) =>
    metric === undefined || span === undefined ? [] : [{ metric, instance, span }],
  ),
  events: calls.flatMap(({ event, span }) =>
    event === undefined || span === undefined ? [] : [{ type: event, span }],
  ),
});

/** What a call of a function finds: its value, and what is told of having looked. Undefined: there is none. */
export function found(called: PolicyFunction, texts: readonly string[], reading: Reading | undefined) {
  const read = reading && readerOf(called)(reading, texts);
  const value = called.gives === "bool" ? Number(read !== undefined) : read;
  const what = `${called.name}(${texts.map((each) => `"${each}"`).join(", ")})`;
  const looked: Looked = { what, ...(value !== undefined && { value }) };
  return { value: called.gives === "bool" ? value === 1 : value, looked };
}

const UNITS: Readonly<Record<string, number>> = { s: SECOND, m: MINUTE, h: HOUR };

function spanOf(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  const span = Number(count) * (UNITS[unit] ?? 0);
  return span >= 10 * SECOND && span <= DAY ? span : undefined;
}

type Reader = (reading: Reading, texts: readonly string[]) => number | undefined;

function readerOf({ name, takes }: PolicyFunction): Reader {
  if (name === "happened") return ({ happened }, [type = "", span = ""]) => happened(type, spanOf(span) ?? 0);
  if (takes.includes(SPAN))
    return ({ window }, [metric = "", second = "", third]) => {
      const [instance, span] = third === undefined ? [undefined, second] : [second, third];
      return summed(name, window({ metric, instance, span: spanOf(span) ?? 0 }));
    };
  return ({ newest }, [metric = "", instance]) => {
    const values = newest(metric);
    if (instance !== undefined) return values.get(instance);
    if (values.size === 0) return undefined;
    const all = [...values.values()];
    if (name === "highest" || name === "known") return Math.max(...all);
    if (name === "lowest") return Math.min(...all);
    if (name === "total") return all.reduce((sum, each) => sum + each, 0);
    return all.length === 1 ? all[0] : values.get("");
  };
}

function summed(name: string, window: Window | undefined): number | undefined {
  if (window === undefined || window.count === 0) return undefined;
  if (name === "mean") return window.sum / window.count;
  if (name === "count") return window.count;
  return name === "max" ? window.max : window.min;
}
