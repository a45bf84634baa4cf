import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigError, duration, oneOf, option, optionsHelp, readOptions, wholeNumber } from "@edgemere/protocol/config";
import { HOUR } from "@edgemere/protocol/kit";
import { behaviours } from "./fake-host/behaviours.ts";
import type { BehaviourName } from "./fake-host/behaviours.ts";

/** Everything `edgemere-simulate` can be told. Durations are milliseconds. */
export interface SimulationConfig {
  readonly devices: number;
  readonly token?: string;
  readonly dataFolder?: string;
  readonly behaviour: BehaviourName | "mixed";
  readonly seed: number;
  readonly prefix: string;
  readonly sampleEvery: number;
  readonly reportEvery: number;
}

const PREFIX = "EDGEMERE_SIMULATE_";
const PROGRAM = "edgemere-simulate";
const behaviourNames = [...(Object.keys(behaviours) as BehaviourName[]), "mixed"] as const;

const options = {
  devices: option("N", "How many devices", "10", wholeNumber(1, 10_000)),
  "token-file": {
    takes: "FILE",
    about: "File with an enrolment token, - for standard input; or set EDGEMERE_TOKEN",
    read: (text: string) => text,
  },
  data: {
    takes: "DIR",
    about: "Keeps the devices' identities and undelivered records; without it they end with the simulation",
    read: (text: string) => resolve(text),
  },
  behaviour: option("WORD", `How the hosts live: ${behaviourNames.join(", ")}`, "mixed", oneOf(behaviourNames)),
  seed: option("N", "What the hosts are like: same seed, same hosts", "1", wholeNumber(0, 4_294_967_295)),
  prefix: option("TEXT", "Devices are called TEXT-001 and so on", "simulated", devicePrefix),
  sample: option("TIME", "How often metrics are measured", "10s", duration(100, HOUR)),
  report: option("TIME", "How often they are sent", "10s", duration(100, HOUR)),
  config: { takes: "FILE", about: "YAML file with any of these options as keys", read: (text: string) => text },
};

function devicePrefix(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(text))
    throw new ConfigError(`"${text}" must consist of letters, digits and . _ -`);
  return text;
}

/** The options with their defaults, for `--help`. */
export const simulationHelp = (): string => optionsHelp(options);

/** Reads flags, environment and file; throws ConfigError. */
export function readSimulation(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): SimulationConfig {
  const values = readOptions(options, { argv, environment, prefix: PREFIX, program: PROGRAM });
  if (values.report < values.sample) throw new ConfigError("--report must be at least as long as --sample");
  const token = values["token-file"] === undefined ? environment["EDGEMERE_TOKEN"] : readToken(values["token-file"]);
  return {
    devices: values.devices,
    ...(token === undefined || token === "" ? {} : { token }),
    ...(values.data === undefined ? {} : { dataFolder: values.data }),
    behaviour: values.behaviour,
    seed: values.seed,
    prefix: values.prefix,
    sampleEvery: values.sample,
    reportEvery: values.report,
  };
}

function readToken(path: string): string {
  try {
    const text = readFileSync(path === "-" ? 0 : path, "utf8").trim();
    if (text !== "") return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown";
    throw new ConfigError(`--token-file: the token cannot be read: ${why}`);
  }
  throw new ConfigError("--token-file: there is no token in it");
}
