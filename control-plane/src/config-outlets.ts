import {
  ConfigError,
  option,
  repeatable,
  wholeNumber,
  type Options,
  type Reader,
  type Values,
} from "@edgemere/protocol/config";

/** How what is measured leaves the control plane. */
export interface OutletsConfig {
  /** `/metrics` on a port of its own; undefined where the portal's is enough. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** What of the fleet stands in `/metrics`. */
  readonly fleet: {
    /** Metrics of devices; `x.*` stands for all that begin with `x.`. None: nothing of the fleet. */
    readonly metrics: readonly string[];
    /** Labels of devices that go with them. */
    readonly labels: readonly string[];
    /** Series at most; what is beyond is left out, and counted. */
    readonly series: number;
  };
}

const text: Reader<string> = (value) => value;
const port = wholeNumber(0, 65_535);
const portOrOff: Reader<number | undefined> = (value) => (value === "off" ? undefined : port(value));

const metricPattern: Reader<string> = (value) => {
  if (/^[A-Za-z][\w.-]{0,127}(?:\.\*)?$/.test(value)) return value;
  throw new ConfigError(
    `"${value}" is no metric; write it like cpu.busy_percent, or filesystem.* for all that begin so`,
  );
};

export const outletsOptions = {
  "metrics-host": option(
    "HOST",
    "/metrics is also here, over TLS and with an API token, if it has a port",
    "127.0.0.1",
    text,
  ),
  "metrics-port": option("PORT", "Or off: then it is on the portal's port only", "off", portOrOff),
  "metrics-fleet": repeatable(
    "METRIC",
    "Newest values of this metric of every device stand in /metrics; filesystem.* is all that begin so",
    metricPattern,
  ),
  "metrics-label": repeatable("LABEL", "This label of devices stands with them", text),
  "metrics-series": option("N", "Series of the fleet in /metrics at most", "20000", wholeNumber(1, 1_000_000)),
} satisfies Options;

export const outletsConfigOf = (values: Values<typeof outletsOptions>): OutletsConfig => ({
  metrics:
    values["metrics-port"] === undefined ? undefined : { host: values["metrics-host"], port: values["metrics-port"] },
  fleet: { metrics: values["metrics-fleet"], labels: values["metrics-label"], series: values["metrics-series"] },
});
