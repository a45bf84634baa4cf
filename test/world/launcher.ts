import type { Ports } from "./control-plane-program.ts";
import { Program, type Launch } from "./program.ts";

interface Options {
  readonly dataFolder: string;
  readonly ports: Ports;
  readonly flags?: readonly string[];
  readonly launch?: Launch | undefined;
}

/** What `npm start` runs, on ports of its own. */
export function launcher({ dataFolder, ports, flags = [], launch }: Options): Program {
  const options = {
    data: dataFolder,
    "agent-name": "this-machine",
    "portal-port": ports.portal,
    "mqtt-port": ports.mqtt,
    "device-port": ports.deviceApi,
    "subscribers-port": ports.subscribers,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return new Program({ script: "deploy/start.mjs", args: [...args, ...flags], launch });
}

/** Resolves when the launcher has told how to go on. */
export const untilItRuns = async (program: Program): Promise<void> =>
  void (await program.said(/Ctrl-C stops everything/));
