import { isIP } from "node:net";
import { networkInterfaces, hostname } from "node:os";
import { join, resolve } from "node:path";
import { limits } from "@edgemere/protocol";
import {
  ConfigError,
  duration,
  logLevelOption,
  option,
  optionsHelp,
  readOptions,
  repeatable,
  size,
  wholeNumber,
  type LogLevel,
  type Options,
  type Reader,
} from "@edgemere/protocol/config";
import { DAY, HOUR, MINUTE } from "@edgemere/protocol/kit";
import { outletsConfigOf, outletsOptions, type OutletsConfig } from "./config-outlets.ts";
import { notifierConfigOf, notifierOptions, type NotifierConfig } from "./config-notifier.ts";
import { origin } from "./config-origin.ts";
import { parentConfigOf, parentOptions, type ParentConfig } from "./config-parent.ts";
import { peopleConfigOf, peopleOptions, type PeopleConfig } from "./config-people.ts";
import { sparkplugConfigOf, sparkplugOptions, type SparkplugConfig } from "./config-sparkplug.ts";
import { freeSpace, isBelow, written } from "./config-free-space.ts";
import { windowsConfigOf, windowsOptions, type WindowsConfig } from "./config-windows.ts";
import type { Threshold } from "./platform/disk-guard.ts";

/** Where a listener listens; port 0 takes any free one. */
export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** A broker as `mqtts://host:port`, and its port. */
export interface BrokerAddress {
  readonly url: string;
  readonly port: number;
}

/** Everything the control plane can be told. Durations are milliseconds. */
export interface ControlPlaneConfig {
  readonly dataFolder: string;
  readonly people: PeopleConfig;
  readonly outlets: OutletsConfig;
  readonly notifier: NotifierConfig;
  /** Where windows of devices are reported to; undefined: nowhere. */
  readonly parent: ParentConfig | undefined;
  /** Bytes of what one child tells that are kept, where nothing else is said of it. */
  readonly childRoom: number;
  /** REST, WebSocket, portal: for people, over HTTP. */
  readonly portal: Listener;
  /** Devices' MQTT, over mutual TLS. */
  readonly mqtt: Listener;
  /** Where devices' MQTT is, when it is somebody else's broker: then nothing listens for them here. The preferred one first. */
  readonly brokers: readonly BrokerAddress[];
  /** Where devices enrol, over HTTPS. */
  readonly deviceApi: Listener;
  /** Subscribers' MQTT, over TLS with an API token. */
  readonly subscribers: Listener;
  /** Sparkplug B edge nodes' MQTT, over TLS with a password; undefined: there is none. */
  readonly sparkplug: SparkplugConfig | undefined;
  /** Names and addresses under which devices reach this machine; the preferred one stands in enrolment tokens. */
  readonly addresses: readonly [preferred: string, ...others: string[]];
  /** Origins of pages that may use the portal's cookies, beside its own. */
  readonly origins: readonly string[];
  readonly logLevel: LogLevel;
  /** How many dangerous commands of one kind one caller may ask for. */
  readonly dangerousCaps: { readonly perMinute: number; readonly perHour: number };
  /** How long telemetry is kept as it came. */
  readonly history: number;
  /** Windows of telemetry that are made beforehand; undefined: none. */
  readonly windows: WindowsConfig | undefined;
  /** How long what is over is kept. */
  readonly retention: {
    /** What happened, and what agents noted. */
    readonly events: number;
    /** After their end. */
    readonly jobs: number;
    readonly recordings: number;
    /** How inventories changed. */
    readonly inventoryHistory: number;
  };
  /** Content that people upload and devices send. */
  readonly files: {
    /** Bytes that all of it may take. */
    readonly room: number;
    /** How long each is kept once it is whole, where nobody says otherwise. */
    readonly keep: number;
  };
  /** How long a device's certificate holds, milliseconds. */
  readonly certificateLife: number;
  readonly backups: {
    readonly folder: string;
    /** Undefined: none are made by themselves. */
    readonly every: number | undefined;
    /** How many of those that were made by themselves stay. */
    readonly keep: number;
    /** Backups are sealed under what stands in this file. */
    readonly passphraseFile: string | undefined;
  };
  /** Where the audit log is once more. */
  readonly auditCopy: string;
  readonly storage: { readonly low: Threshold; readonly readonly: Threshold; readonly ballastBytes: number };
}

export const PREFIX = "EDGEMERE_CONTROL_PLANE_";
export const PROGRAM = "edgemere-control-plane";
const port = wholeNumber(0, 65_535);
const USUAL_BROKER_PORT = 8_883;
const text: Reader<string> = (value) => value;

const isHostName = (value: string) =>
  isIP(value) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(value);

/** A name or an address, with nothing around it: it stands in tokens, URLs and the listeners' certificate. */
export const hostName: Reader<string> = (value) => {
  if (isHostName(value)) return value;
  throw new ConfigError(`"${value}" is no host name or address; write it without scheme, port and brackets`);
};

/** Devices are told it as it is, so it must say all that they need and nothing more. */
const brokerAddress: Reader<BrokerAddress> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const name = url?.hostname.replaceAll(/^\[|\]$/g, "") ?? "";
  const isBare = url !== undefined && [url.username, url.password, url.search, url.hash].every((each) => each === "");
  const isPlain = isBare && url.protocol === "mqtts:" && /^\/?$/.test(url.pathname) && url.port !== "0";
  if (!isPlain || !isHostName(name))
    throw new ConfigError(`"${value}" is no address of a broker; write it like mqtts://broker.example.org:8883`);
  const number = Number(url.port || USUAL_BROKER_PORT);
  return { url: `mqtts://${url.hostname}:${number}`, port: number };
};

const every: Reader<number | undefined> = (value) => (value === "off" ? undefined : duration(MINUTE, 366 * DAY)(value));
const keeping = duration(HOUR, 3_660 * DAY);

/** Every option of the control plane. */
export const options = {
  config: { takes: "FILE", about: "YAML file with any of these options as keys", read: text },
  data: option("DIR", "Folder of keys, store and history", ".edgemere", resolve),
  "portal-host": option("HOST", "Portal, REST and WebSocket listen here, over plain HTTP", "127.0.0.1", text),
  "portal-port": option("PORT", "", "3000", port),
  "mqtt-host": option("HOST", "Devices connect here, over mutual TLS", "0.0.0.0", text),
  "mqtt-port": option("PORT", "", "8883", port),
  broker: repeatable(
    "URL",
    "Devices connect to this broker instead, like mqtts://broker.example.org:8883; its preferred address first",
    brokerAddress,
  ),
  "device-host": option("HOST", "Devices enrol here, over HTTPS", "0.0.0.0", text),
  "device-port": option("PORT", "", "8443", port),
  "subscribers-host": option(
    "HOST",
    "Programs subscribe to events here, over MQTT with TLS and an API token",
    "127.0.0.1",
    text,
  ),
  "subscribers-port": option("PORT", "", "8884", port),
  ...sparkplugOptions,
  address: repeatable(
    "NAME",
    "Name or address under which devices reach this machine, the preferred one first [its first own address]",
    hostName,
  ),
  origin: repeatable("URL", "Origin of pages that may sign in, when the portal stands behind a proxy", origin),
  "certificate-life": option(
    "TIME",
    "How long a device's certificate holds; each is renewed after two thirds of it",
    "14d",
    duration(MINUTE, 60 * DAY),
  ),
  "dangerous-per-minute": option(
    "N",
    "Dangerous commands of one kind that one caller may ask for within a minute",
    "60",
    wholeNumber(1, 1_000_000),
  ),
  "dangerous-per-hour": option("N", "The same, within an hour", "1000", wholeNumber(1, 1_000_000)),
  history: option("TIME", "How long telemetry is kept as it came", "7d", duration(HOUR, 400 * DAY)),
  ...windowsOptions,
  "keep-events": option("TIME", "How long events and agents' notes are kept", "30d", keeping),
  "keep-jobs": option("TIME", "How long jobs are kept after their end", "90d", keeping),
  "keep-recordings": option("TIME", "How long recordings of terminals are kept", "90d", keeping),
  files: option("SIZE", "Room for files that people upload and devices send", "4GiB", size(0, 1024 ** 4)),
  "keep-files": option("TIME", "How long a file is kept once it is whole, where nobody says otherwise", "30d", keeping),
  "keep-inventory-history": option("TIME", "How long changes of inventories are kept", "365d", keeping),
  backups: {
    takes: "DIR",
    about: "Folder of backups, of this control plane alone, on another disk best [backups, in the data folder]",
    read: resolve,
  },
  "backup-every": option("TIME", "How often a backup is made by itself, or off", "24h", every),
  "backup-keep": option("N", "How many backups that were made by themselves stay", "7", wholeNumber(1, 10_000)),
  "backup-passphrase": {
    takes: "FILE",
    about:
      "Seals backups under the first line of this file; without it they hold the keys of the authority in the clear",
    read: resolve,
  },
  "audit-copy": {
    takes: "DIR",
    about: "Folder of a copy of the audit log, on another disk best [audit-copy, in the data folder]",
    read: resolve,
  },
  "storage-low": option("FREE", "Alarm below this free space (a share is at most 10GiB)", "20%", freeSpace),
  "storage-readonly": option(
    "FREE",
    "Takes nothing new below this free space (a share is at most 5GiB)",
    "10%",
    freeSpace,
  ),
  ballast: option("SIZE", "Kept on the disk, to be given away when it is full", "64MiB", size(0, 1024 ** 4)),
  ...outletsOptions,
  ...notifierOptions,
  ...parentOptions,
  ...peopleOptions,
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
  if (isBelow(values["storage-low"], values["storage-readonly"]))
    throw new ConfigError(
      `--storage-low (${written(values["storage-low"])}) must be at least --storage-readonly (${written(values["storage-readonly"])})`,
    );
  const windows = windowsConfigOf(values);
  const [address = ownAddress(), ...others] = inOrder("address", values.address);
  inOrder(
    "broker",
    values.broker.map(({ url }) => url),
  );
  return {
    dataFolder: values.data,
    portal: { host: values["portal-host"], port: values["portal-port"] },
    mqtt: { host: values["mqtt-host"], port: values["mqtt-port"] },
    brokers: values.broker,
    deviceApi: { host: values["device-host"], port: values["device-port"] },
    subscribers: { host: values["subscribers-host"], port: values["subscribers-port"] },
    sparkplug: sparkplugConfigOf(values),
    addresses: [address, ...others],
    origins: values.origin,
    logLevel: values["log-level"],
    certificateLife: values["certificate-life"],
    dangerousCaps: { perMinute: values["dangerous-per-minute"], perHour: values["dangerous-per-hour"] },
    history: values.history,
    windows,
    retention: {
      events: values["keep-events"],
      jobs: values["keep-jobs"],
      recordings: values["keep-recordings"],
      inventoryHistory: values["keep-inventory-history"],
    },
    files: { room: values.files, keep: values["keep-files"] },
    backups: {
      folder: values.backups ?? join(values.data, "backups"),
      every: values["backup-every"],
      keep: values["backup-keep"],
      passphraseFile: values["backup-passphrase"],
    },
    auditCopy: values["audit-copy"] ?? join(values.data, "audit-copy"),
    people: peopleConfigOf(values),
    outlets: outletsConfigOf(values),
    notifier: notifierConfigOf(values),
    parent: parentConfigOf(values, { hasWindows: windows !== undefined }),
    childRoom: values["child-room"],
    storage: { low: values["storage-low"], readonly: values["storage-readonly"], ballastBytes: values.ballast },
  };
}

/** Devices try one after the other. */
function inOrder(option: string, addresses: readonly string[]): readonly string[] {
  const twice = addresses.find((each, i) => addresses.indexOf(each) < i);
  if (twice !== undefined) throw new ConfigError(`--${option} ${twice} is given twice; leave one out`);
  const most = limits.brokerAddresses;
  if (addresses.length > most)
    throw new ConfigError(
      `--${option} is given ${addresses.length} times; devices try at most ${most}, leave some out`,
    );
  return addresses;
}

/** The first address of this machine that others can reach; its loopback when it has no network. */
export const ownAddress = (): string =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";

/** Under what names and addresses the listeners' certificate holds. */
export function certificateNames({ addresses }: ControlPlaneConfig) {
  const all = [...new Set([hostname(), "localhost", "127.0.0.1", "::1", ...addresses])];
  return { hostNames: all.filter((each) => isIP(each) === 0), addresses: all.filter((each) => isIP(each) !== 0) };
}
