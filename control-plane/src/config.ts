import { isIP } from "node:net";
import { networkInterfaces, hostname } from "node:os";
import { resolve } from "node:path";
import {
  ConfigError,
  duration,
  logLevelOption,
  option,
  optionsHelp,
  readOptions,
  repeatable,
  wholeNumber,
  type LogLevel,
  type Options,
  type Reader,
} from "@edgemere/protocol/config";
import { DAY, HOUR } from "@edgemere/protocol/kit";

/** Where a listener listens; port 0 takes any free one. */
export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Everything the control plane can be told. Durations are milliseconds. */
export interface ControlPlaneConfig {
  readonly dataFolder: string;
  /** REST, WebSocket, portal: for people, over HTTP. */
  readonly portal: Listener;
  /** Devices' MQTT, over mutual TLS. */
  readonly mqtt: Listener;
  /** Where devices enrol, over HTTPS. */
  readonly deviceApi: Listener;
  /** Subscribers' MQTT, over TLS with an API token. */
  readonly subscribers: Listener;
  /** Name or address under which devices reach this machine: stands in enrolment tokens. */
  readonly address: string;
  /** Origins of pages that may use the portal's cookies, beside its own. */
  readonly origins: readonly string[];
  readonly logLevel: LogLevel;
  /** How long telemetry is kept as it came. */
  readonly history: number;
}

const PREFIX = "EDGEMERE_CONTROL_PLANE_";
const PROGRAM = "edgemere-control-plane";
const port = wholeNumber(0, 65_535);
const text: Reader<string> = (value) => value;

/** A name or an address, with nothing around it: it stands in tokens, URLs and the listeners' certificate. */
const hostName: Reader<string> = (value) => {
  if (isIP(value) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value)) return value;
  throw new ConfigError(`"${value}" is no host name or address; write it without scheme, port and brackets`);
};

/** As browsers write it, whatever the case and a slash at its end. */
const origin: Reader<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new ConfigError(`"${value}" is no origin; write it like https://edgemere.example`);
};

const options = {
  config: { takes: "FILE", about: "YAML file with any of these options as keys", read: text },
  data: option("DIR", "Folder of keys, store and history", ".edgemere", resolve),
  "portal-host": option("HOST", "Portal, REST and WebSocket listen here, over plain HTTP", "127.0.0.1", text),
  "portal-port": option("PORT", "", "3000", port),
  "mqtt-host": option("HOST", "Devices connect here, over mutual TLS", "0.0.0.0", text),
  "mqtt-port": option("PORT", "", "8883", port),
  "device-host": option("HOST", "Devices enrol here, over HTTPS", "0.0.0.0", text),
  "device-port": option("PORT", "", "8443", port),
  "subscribers-host": option(
    "HOST",
    "Programs subscribe to events here, over MQTT with TLS and an API token",
    "127.0.0.1",
    text,
  ),
  "subscribers-port": option("PORT", "", "8884", port),
  address: {
    takes: "NAME",
    about: "Name or address under which devices reach this machine [its first own address]",
    read: hostName,
  },
  origin: repeatable("URL", "Origin of pages that may sign in, when the portal stands behind a proxy", origin),
  history: option("TIME", "How long telemetry is kept as it came", "7d", duration(HOUR, 400 * DAY)),
  "log-level": logLevelOption,
} satisfies Options;

/** The options with their defaults, for `--help`. */
export const configHelp = (): string => optionsHelp(options);

/** Reads flags, environment and file; throws ConfigError. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ControlPlaneConfig {
  const values = readOptions(options, { argv, environment, prefix: PREFIX, program: PROGRAM });
  return {
    dataFolder: values.data,
    portal: { host: values["portal-host"], port: values["portal-port"] },
    mqtt: { host: values["mqtt-host"], port: values["mqtt-port"] },
    deviceApi: { host: values["device-host"], port: values["device-port"] },
    subscribers: { host: values["subscribers-host"], port: values["subscribers-port"] },
    address: values.address ?? ownAddress(),
    origins: values.origin,
    logLevel: values["log-level"],
    history: values.history,
  };
}

/** The first address of this machine that others can reach; its loopback when it has no network. */
export const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";

export const ownName = hostname;
