import type { DomainEvent } from "../src/platform/domain-event.ts";
import { cellOf, localTime } from "./cells.ts";
import type { Entry } from "./entry.ts";
import { UsageError } from "./failure.ts";
import { visible } from "./visible.ts";

/** `edgemere watch`: events as they happen, one a line. */
export const watch: Entry = {
  words: ["watch"],
  isEveryday: true,
  summary: "Show events as they happen, until Ctrl-C",
  declare: (command) =>
    void command
      .argument("[types...]", "which: device.online, job.*, … (default: all)")
      .option("--after <number>", "begin with the events after this number", wholeNumber)
      .option("--count <number>", "end after so many events", wholeNumber)
      .addHelpText("after", "\nExample:\n  edgemere watch 'device.*' job.failed --after 1200 --output json"),
  run: async ({ options, positionals }, { target, output, say, signal }) => {
    const { after, count = Number.POSITIVE_INFINITY } = options as { after?: number; count?: number };
    let wasLost = false;
    let seen = 0;
    // Loading it costs a third of the time that any other command takes in all.
    const { watchEvents } = await import("../src/faces/client-events.ts");
    const events = watchEvents({
      baseUrl: target.server,
      token: target.token,
      types: positionals.length > 0 ? positionals : ["*"],
      after,
      signal,
      onConnection: (lost) => {
        if (lost !== undefined && !wasLost && !signal.aborted)
          say(`no connection to ${target.server} (${lost.message}); trying on, nothing will be missed`);
        if (lost === undefined && wasLost) say("connected again");
        wasLost = lost !== undefined;
      },
    });
    for await (const event of events) {
      output.showOne(event, lineOf(event));
      seen += 1;
      if (seen >= count) return 0;
    }
    throw signal.reason;
  },
};

/** Number, time, type and subject, and of the data what tells most. */
export function lineOf({ number, at, type, subject, data }: DomainEvent): string {
  const telling = ["name", "state", "presence", "device", "kind", "reason"].filter(
    (name) => data[name] !== undefined && data[name] !== "" && data[name] !== subject,
  );
  const facts = telling.map((name) => `${name}=${cellOf(name, data[name])}`);
  return [String(number).padStart(7), localTime(at), visible(type).padEnd(24), visible(subject), ...facts].join("  ");
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`"${text}" is no whole number`);
  return Number(text);
}
