import type { WatchValuesOptions, WatchedValue } from "../src/faces/client-values.ts";
import { localTime } from "./cells.ts";
import { measured } from "./measured.ts";
import type { Session } from "./session.ts";
import { visible } from "./visible.ts";

/** Fields of the input that the command line fills in by itself. */
export const FOLLOWING_FIELDS: readonly string[] = ["after", "patience"];

/** `edgemere ta watch`: the newest values, and then each that comes, one a line, until Ctrl-C or so many. */
export async function showValues(
  wanted: WatchValuesOptions["wanted"],
  count: number,
  { target, output, say, signal }: Session,
): Promise<number> {
  let wasLost = false;
  let seen = 0;
  // Loading it costs a third of the time that any other command takes in all.
  const { watchValues } = await import("../src/faces/client-values.ts");
  const values = watchValues({
    baseUrl: target.server,
    token: target.token,
    wanted,
    signal,
    onConnection: (lost) => {
      if (lost !== undefined && !wasLost && !signal.aborted)
        say(`no connection to ${target.server} (${lost.message}); trying on, the newest values will be told`);
      if (lost === undefined && wasLost) say("connected again");
      wasLost = lost !== undefined;
    },
  });
  for await (const value of values) {
    output.showOne(value, lineOfValue(value));
    seen += 1;
    if (seen >= count) return 0;
  }
  throw signal.reason;
}

/** When it was measured, of whom, what, and how much. */
export const lineOfValue = ({ at, name, metric, instance, value }: WatchedValue): string =>
  [
    localTime(at),
    visible(name).padEnd(16),
    visible(instance === "" ? metric : `${metric} ${instance}`).padEnd(36),
    measured(metric, value),
  ].join("  ");
