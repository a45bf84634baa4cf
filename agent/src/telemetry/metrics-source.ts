import { limits } from "@edgemere/protocol";
import { HIDDEN_CHARACTERS } from "@edgemere/protocol/hostile-text";
import type { Clock } from "@edgemere/protocol/kit";
import { lookAt, readingsOf, type Look, type Measurement } from "../host/linux/measurement.ts";
import { fits } from "./dead-band.ts";
import { MOST_READINGS, type Answer, type Refusal } from "./extra-sources.ts";
import { metricLines, type MetricLine } from "./metrics-text.ts";

/** Turns one text of metrics after another into readings: counters become rates since the text before. */
export class MetricsReader {
  readonly #source: string;
  readonly #allow: readonly string[];
  readonly #clock: Clock;
  #before: Look | undefined;

  /** Metrics are called `source.name`; only names that one of the patterns fits are taken. */
  constructor({
    source,
    allow,
    clock,
  }: {
    readonly source: string;
    readonly allow: readonly string[];
    readonly clock: Clock;
  }) {
    this.#source = source;
    this.#allow = allow;
    this.#clock = clock;
  }

  read(text: string): Answer {
    const { lines, malformed } = metricLines(text);
    const wanted = lines.filter(({ name }) => this.#allow.some((pattern) => fits(pattern, name)));
    const measurements = wanted.flatMap((line) => measurementOf(this.#source, line));
    const named = measurements.filter(
      ({ metric, instance }) => Math.max(metric.length, instance.length) <= limits.nameLength,
    );
    const taken = named.slice(0, MOST_READINGS);
    const at = this.#clock.monotonic();
    const readings = readingsOf(taken, this.#before, at);
    this.#before = lookAt(at, taken);
    const refusals = [
      refusal("malformed", malformed, "lines are no metrics"),
      refusal("long-name", measurements.length - named.length, `names have more than ${limits.nameLength} characters`),
      refusal("too-many-series", named.length - taken.length, "are left out"),
    ];
    return { readings, refusals: refusals.flat() };
  }
}

const refusal = (reason: string, count: number, what: string): readonly Refusal[] =>
  count > 0 ? [{ reason, detail: `${count} ${what}` }] : [];

/** Buckets are left out: a histogram is told by its sum and its count. */
function measurementOf(source: string, { name, labels, value, type }: MetricLine): readonly Measurement[] {
  if (type === "histogram" && name.endsWith("_bucket")) return [];
  const isGrowing = type === "counter" || ((type === "histogram" || type === "summary") && /_(sum|count)$/.test(name));
  // The colon stands between a metric and what a window says of it.
  const metric = `${source}.${name.replaceAll(":", "_")}`;
  const instance = labels
    .map(([label, text]) => `${label}=${text.replaceAll(HIDDEN_CHARACTERS, "\uFFFD")}`)
    .sort()
    .join(",");
  if (!isGrowing) return [{ metric, instance, value }];
  return [{ metric: `${metric.replace(/_total$/, "")}_per_second`, instance, counter: value, scale: 1 }];
}
