import { resolve } from "node:path";
import {
  ConfigError,
  oneOf,
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
  /** Where telemetry is sent on to, by what it speaks. */
  readonly targets: {
    readonly "remote-write": TargetConfig | undefined;
    readonly otlp: TargetConfig | undefined;
  };
  /** Whether subscribers may hear what devices measure. */
  readonly isToldToSubscribers: boolean;
  /** Endpoints of object stores that may be registered as sources of data; no other is asked. */
  readonly objectStores: readonly string[];
  /** Only these metrics are sent on, `x.*` for all that begin with `x.`; all when there are none. */
  readonly sent: readonly string[];
}

interface TargetConfig {
  readonly url: string;
  /** Its first line is sent as `Authorization`. */
  readonly authorizationFile: string | undefined;
}

const text: Reader<string> = (value) => value;
const port = wholeNumber(0, 65_535);
const portOrOff: Reader<number | undefined> = (value) => (value === "off" ? undefined : port(value));

export const metricPattern: Reader<string> = (value) => {
  if (/^[A-Za-z][\w.-]{0,127}(?:\.\*)?$/.test(value)) return value;
  throw new ConfigError(
    `"${value}" is no metric; write it like cpu.busy_percent, or filesystem.* for all that begin so`,
  );
};

/** Nothing secret stands in an address: it is shown, and in the list of processes. */
export const targetUrl: Reader<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== ""))
    throw new ConfigError(
      `the address of ${url.host} holds a credential; write that into a file, as "Basic …" or "Bearer …"`,
    );
  const isLocal = url?.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url?.protocol === "https:" || isLocal) return value;
  throw new ConfigError(
    `"${value}" is no target; write it like https://metrics.example.org/api/v1/write, without TLS only on this machine`,
  );
};

const objectStore: Reader<string> = (value) => {
  const url = new URL(targetUrl(value));
  if (url.pathname === "/" && url.search === "" && url.hash === "") return url.origin;
  throw new ConfigError(
    `"${value}" is no object store; write only where it is, like https://s3.eu-central-1.amazonaws.com`,
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
  "remote-write": { takes: "URL", about: "Telemetry is sent on to here by Prometheus' remote-write", read: targetUrl },
  "remote-write-authorization": {
    takes: "FILE",
    about: "The first line of this file goes with it as Authorization, like Bearer … or Basic …",
    read: resolve,
  },
  otlp: { takes: "URL", about: "Telemetry is sent on to here by OTLP over HTTP, in JSON", read: targetUrl },
  "otlp-authorization": { takes: "FILE", about: "The same for OTLP", read: resolve },
  "subscribers-telemetry": option(
    "CHOICE",
    "on: programs may also subscribe to what devices measure, with an API token for telemetry:read",
    "off",
    oneOf(["on", "off"]),
  ),
  "object-store": repeatable(
    "URL",
    "Buckets of the object store here, which speaks S3, may be registered as sources of data; no other is ever asked",
    objectStore,
  ),
  "send-metric": repeatable(
    "METRIC",
    "Only this metric is sent on; filesystem.* is all that begin so [all]",
    metricPattern,
  ),
} satisfies Options;

export const outletsConfigOf = (values: Values<typeof outletsOptions>): OutletsConfig => ({
  metrics:
    values["metrics-port"] === undefined ? undefined : { host: values["metrics-host"], port: values["metrics-port"] },
  fleet: { metrics: values["metrics-fleet"], labels: values["metrics-label"], series: values["metrics-series"] },
  targets: { "remote-write": targetOf("remote-write", values), otlp: targetOf("otlp", values) },
  isToldToSubscribers: values["subscribers-telemetry"] === "on",
  objectStores: values["object-store"],
  sent: values["send-metric"],
});

function targetOf(name: "remote-write" | "otlp", values: Values<typeof outletsOptions>): TargetConfig | undefined {
  const [url, authorizationFile] = [values[name], values[`${name}-authorization`]];
  if (url === undefined && authorizationFile !== undefined)
    throw new ConfigError(`--${name}-authorization is for nobody without --${name} URL`);
  return url === undefined ? undefined : { url, authorizationFile };
}
