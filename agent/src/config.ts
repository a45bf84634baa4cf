import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { commandKinds, limits, type CommandKind } from "@edgemere/protocol";
import {
  ConfigError,
  duration,
  logLevelOption,
  oneOf,
  option,
  optionsHelp,
  pair,
  readOptions,
  repeatable,
  size,
  wholeNumber,
  type LogLevel,
  type Options,
  type Reader,
} from "@edgemere/protocol/config";
import { DAY, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { Bandwidth } from "./commands/files/pace.ts";
import { dataOf, dataOptions } from "./config-data-sources.ts";
import { fileOptions, filesOf, type NeighbourConfig } from "./config-files.ts";
import { isBrokerAddress } from "./link/addresses.ts";
import { telemetryOf, telemetryOptions } from "./config-telemetry.ts";
import type { Source } from "./data/report.ts";
import type { TelemetryPlan } from "./telemetry/plan.ts";

/** What the agent's core needs to be told. Durations are milliseconds. */
export interface AgentConfig {
  readonly sampleEvery: number;
  /** How often samples are packed and handed over; at least `sampleEvery`. */
  readonly reportEvery: number;
  /** Bytes that may be sent and received in a month; no end when absent. */
  readonly dataBudget?: number;
  /** How often the control plane is asked whether it still speaks for itself, when that is not every five minutes. */
  readonly headEvery?: number;
  /** What is measured how often, when that is not everything at `sampleEvery`. */
  readonly telemetry?: TelemetryPlan;
  readonly inventoryEvery: number;
  readonly sources: readonly Source[];
  /** How often data directories are looked at. */
  readonly dataEvery: number;
  /** The folder in which data is shown that does not lie here; none is when absent. */
  readonly mountFolder?: string;
  /** Dangerous command kinds that may run here. */
  readonly allow: readonly CommandKind[];
  /** Folders whose files may be collected as logs, and `journal` for the journal; none when absent. */
  readonly logRoots?: readonly string[];
  /** Folders below which files may be put and read; none when absent. */
  readonly fileRoots?: readonly string[];
  /** How fast files may come and go; as fast as they can when absent. */
  readonly bandwidth?: Bandwidth;
  /** Where data is given to devices on the same site, and taken from them; neither when absent. */
  readonly neighbours?: NeighbourConfig;
  /** Addresses of the broker in place of those that the control plane tells; absent when it is left to tell them. */
  readonly brokers?: readonly string[];
  /** Silence after which the connection is checked, where the transport is not told otherwise. */
  readonly keepalive?: number;
  readonly spool: SpoolConfig;
}

/** Room for what is not delivered yet. */
export interface SpoolConfig {
  readonly maxBytes: number;
  /** Room on the file system below which telemetry and output are not kept; a share of its size when absent. */
  readonly freeBytes?: number;
  /** Of telemetry older than `after` one record in `keepEvery` is kept; all of it when absent. */
  readonly thin?: { readonly after: number; readonly keepEvery: number };
}

/** Everything `edgemere-agent` can be told. */
export interface ProgramConfig extends AgentConfig {
  readonly dataFolder: string;
  /** The file of these settings, where there is one. */
  readonly settingsFile?: string;
  /** The file of these settings when there are programs to run in them: then nobody but its owner may be able to write it. */
  readonly scriptsFrom?: string;
  /** Where the rules of this host stand. One that was named must be there. */
  readonly policy: { readonly file: string; readonly isNamed: boolean };
  /** Name to enrol under; the host's own when absent. */
  readonly name?: string;
  /** User whose shell a terminal is; the agent's own when absent, who must not be root then. */
  readonly terminalUser?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly logLevel: LogLevel;
  readonly keepalive: number;
}

const USUAL_POLICY = "/etc/edgemere/agent-policy.yaml";
const PREFIX = "EDGEMERE_AGENT_";
const PROGRAM = "edgemere-agent";

const dangerousKinds = (Object.keys(commandKinds) as CommandKind[]).filter((kind) => commandKinds[kind].dangerous);

const named: Reader<string> = (text) => {
  if (text.length > limits.nameLength) throw new ConfigError(`has more than ${limits.nameLength} characters`);
  return text;
};

const options = {
  data: {
    takes: "DIR",
    about: "Folder of keys, spool and journal [~/.local/share/edgemere-agent, for root /var/lib/edgemere-agent]",
    read: (text: string) => resolve(text),
  },
  config: { takes: "FILE", about: "YAML file with any of these options as keys", read: (text: string) => text },
  ...telemetryOptions,
  inventory: option("TIME", "How often slow facts are looked at", "6h", duration(MINUTE, 7 * DAY)),
  ...dataOptions,
  policy: {
    takes: "FILE",
    about: `Rules of this host that no control plane overrides [${USUAL_POLICY}, when it is there]`,
    read: (text: string) => resolve(text),
  },
  allow: repeatable(
    "KIND",
    `Dangerous command kind that may run here (${dangerousKinds.join(", ")})`,
    oneOf(dangerousKinds),
  ),
  "terminal-user": {
    takes: "NAME",
    about:
      "User whose shell a terminal is; another one than the agent's own only root can be told [its own; root: none]",
    read: named,
  },
  "log-root": repeatable("DIR", "Folder whose files log.collect may send, or the word journal", logRoot),
  ...fileOptions,
  spool: option("SIZE", "Room for records that are not delivered yet", "256MiB", size(256 * 1024, 1024 ** 4)),
  "spool-free": {
    takes: "SIZE",
    about: "Room left to the host; with less, telemetry and output are not kept [5 % of the file system and 256MiB]",
    read: size(0, 1024 ** 4),
  },
  "spool-thin": {
    takes: "TIME:N",
    about: "Of telemetry older than TIME keep every N-th record, such as 24h:10 [all]",
    read: thinning,
  },
  broker: repeatable(
    "ADDRESS",
    `Where the control plane is reached, such as mqtts://centre.example:8883, in place of the addresses that it tells (up to ${limits.brokerAddresses})`,
    brokerAddress,
  ),
  keepalive: {
    takes: "TIME",
    about: "Silence after which the connection is checked [60s; frugal: 5m]",
    read: duration(SECOND, limits.keepalive),
  },
  name: { takes: "TEXT", about: "enrol: name of this device, if not its host name", read: named },
  label: repeatable("KEY=VALUE", "enrol: label that is proposed for this device", pair),
  "log-level": logLevelOption,
} satisfies Options;

function brokerAddress(text: string): string {
  if (!isBrokerAddress(text)) throw new ConfigError(`"${text}" is not an address such as mqtts://centre.example:8883`);
  return text;
}

function brokersOf(addresses: readonly string[]): Pick<AgentConfig, "brokers"> {
  if (addresses.length > limits.brokerAddresses)
    throw new ConfigError(`--broker is given more than ${limits.brokerAddresses} times`);
  return addresses.length > 0 ? { brokers: [...new Set(addresses)] } : {};
}

function logRoot(text: string): string {
  if (text === "journal") return text;
  if (!isAbsolute(text)) throw new ConfigError(`"${text}" must be a folder that starts with /, or the word journal`);
  // The folder / has no name of its own.
  if (resolve(text) === "/")
    throw new ConfigError("the whole machine is no folder of logs: name one, such as /var/log");
  return resolve(text);
}

function thinning(text: string): { readonly after: number; readonly keepEvery: number } {
  const [, age, every] = /^([^:]+):(\d+)$/.exec(text) ?? [];
  if (age === undefined || every === undefined)
    throw new ConfigError(`"${text}" is not an age and a number such as 24h:10`);
  return { after: duration(MINUTE, 365 * DAY)(age), keepEvery: wholeNumber(2, 1_000)(every) };
}

/** The options with their defaults, for `--help`. */
export const configHelp = (): string => optionsHelp(options);

/** Reads flags, environment and file, and over them what was set otherwise; throws ConfigError. */
export function readConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  over: Readonly<Record<string, readonly string[]>> = {},
): ProgramConfig {
  const values = readOptions(options, { argv, environment, over, prefix: PREFIX, program: PROGRAM });
  const { keepalive, ...telemetry } = telemetryOf(values);
  const dataFolder = values.data ?? defaultDataFolder();
  return {
    ...telemetry,
    inventoryEvery: values.inventory,
    ...dataOf(values, dataFolder),
    allow: [...new Set(values.allow)],
    logRoots: [...new Set(values["log-root"])],
    ...filesOf(values),
    ...brokersOf(values.broker),
    spool: {
      maxBytes: values.spool,
      ...(values["spool-free"] !== undefined && { freeBytes: values["spool-free"] }),
      ...(values["spool-thin"] !== undefined && { thin: values["spool-thin"] }),
    },
    policy: { file: values.policy ?? USUAL_POLICY, isNamed: values.policy !== undefined },
    dataFolder,
    ...(values.config !== undefined && { settingsFile: resolve(values.config) }),
    ...(values.config !== undefined && runsPrograms(values) && { scriptsFrom: resolve(values.config) }),
    ...(values["terminal-user"] !== undefined && { terminalUser: values["terminal-user"] }),
    ...(values.name !== undefined && { name: values.name }),
    labels: Object.fromEntries(values.label),
    logLevel: values["log-level"],
    keepalive: values.keepalive ?? keepalive,
  };
}

const runsPrograms = (values: Record<"script" | "source-stream" | "source-database", readonly unknown[]>) =>
  values.script.length + values["source-stream"].length + values["source-database"].length > 0;

function defaultDataFolder(): string {
  const isRoot = process.getuid?.() === 0;
  return isRoot ? "/var/lib/edgemere-agent" : join(homedir(), ".local/share/edgemere-agent");
}
