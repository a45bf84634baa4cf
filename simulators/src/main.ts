import { ConfigError } from "@edgemere/protocol/config";
import { onStopSignals, SECOND, systemClock } from "@edgemere/protocol/kit";
import { readSimulation, simulationHelp } from "./config.ts";
import type { SimulationConfig } from "./config.ts";
import type { SimulatedDevice } from "./device.ts";
import { simulateFleet } from "./fleet.ts";
import { progressLine } from "./progress.ts";
import { TallyLog } from "./tally-log.ts";

const HELP = `Runs many devices without hardware: real agents on fake hosts, against a running control plane.

  npm run simulate -- --devices 200 --token-file FILE

Make a token that so many devices may use with "edgemere cpl dm token create --uses 200".

${simulationHelp()}

The same words work in a file given by --config, and as environment variables such as EDGEMERE_SIMULATE_DEVICES.`;

// A terminal's line is replaced; a file or pipe gets a line now and then.
const isTerminal = process.stdout.isTTY;
const EVERY = isTerminal ? SECOND : 10 * SECOND;

async function simulate(config: SimulationConfig, stop: AbortSignal): Promise<void> {
  const log = new TallyLog();
  const started: SimulatedDevice[] = [];
  const tell = () => {
    const warnings = log.counts().reduce((sum, [, count]) => sum + count, 0);
    const line = progressLine(
      config.devices,
      started.map((device) => device.status()),
      warnings,
    );
    process.stdout.write(isTerminal ? `\r\u001B[K${line}` : `${line}\n`);
  };
  const ended = new AbortController();
  const telling = tellUntil(ended.signal, tell);

  try {
    await using _fleet = await simulateFleet({
      ...fleetOptions(config),
      log,
      signal: stop,
      onStarted: (device) => started.push(device),
    });
    await untilAborted(stop);
    tell();
    ended.abort();
    process.stdout.write(`${isTerminal ? "\n" : ""}Stopping ${started.length} devices …\n`);
  } finally {
    ended.abort();
    await telling;
    if (isTerminal && !stop.aborted) process.stdout.write("\n");
    for (const [message, count] of log.counts()) process.stderr.write(`${count} times: ${message}\n`);
  }
}

function fleetOptions(config: SimulationConfig) {
  const { devices, behaviour, seed, prefix, sampleEvery, reportEvery, token, dataFolder } = config;
  return {
    devices,
    behaviour,
    seed,
    prefix,
    config: { sampleEvery, reportEvery },
    ...(token === undefined ? {} : { token }),
    ...(dataFolder === undefined ? {} : { dataFolder }),
  };
}

async function tellUntil(ended: AbortSignal, tell: () => void): Promise<void> {
  while (!ended.aborted) {
    tell();
    await systemClock.sleep(EVERY, ended);
  }
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** The first request to stop is answered in order, the second at once. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  onStopSignals({ stop: () => stop.abort(), kill: () => process.exit(130) }, systemClock);
  return stop.signal;
}

const USAGE = 2;
const argv = process.argv.slice(2);
if (argv.includes("--help") || argv.includes("-h")) {
  console.log(HELP);
} else {
  const stop = stopOnSignals();
  try {
    await simulate(readSimulation(argv, process.env), stop);
  } catch (error) {
    // Stopped while it still enrolled: nothing went wrong.
    if (!stop.aborted) {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = error instanceof ConfigError ? USAGE : 1;
    }
  }
  // Nothing that is still open may keep a program alive that has done its work.
  process.exit();
}
