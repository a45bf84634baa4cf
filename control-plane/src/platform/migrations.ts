import { checkedValue, withChecksum } from "./checksum.ts";
import { read } from "./batch.ts";
import type { Database, Operation, Range } from "./database.ts";
import type { DomainEvent } from "./domain-event.ts";
import { storyKey } from "./event-story.ts";
import { keyOf, rangeOf } from "./keys.ts";

type Entry = readonly [key: string, value: Uint8Array];

/** One step forward of the store's format: pure, over a few entries at a time, in the order of their keys. */
interface Migration {
  readonly to: number;
  readonly about: string;
  /** The keys that it is about; absent: all. */
  readonly within?: { readonly gte: string; readonly lt: string };
  /** May write the keys it was given and such as come before, and none that comes later. */
  readonly migrate: (entries: readonly Entry[]) => readonly Operation[];
}

/** Events that came again and again when devices got their stories. */
const UNTOLD = new Set(["device.updated", "device.stats"]);
/** Of whom the classes told when data requests got theirs. */
const TOLD_OF_REQUESTS = new Map<string, (event: DomainEvent) => unknown>([
  ["datarequest", ({ subject }) => subject],
  ["datareservation", ({ data }) => data["request"]],
  ["datainstance", ({ data }) => data["request"]],
]);
const STATE_OF_REQUESTS = /^(data[a-z]+)\.(?!(?:create|updated|destroy)$)/;

/** The entry by which the event in an entry of the log is found, where it is told of a row. */
function toldOf([key, stored]: Entry, of: (event: DomainEvent) => readonly [name: string, id: string] | undefined) {
  const value = checkedValue(key, stored);
  // What is damaged is told of elsewhere, and nobody could read it.
  const event = value && read<DomainEvent>(value);
  const told = event && of(event);
  if (event === undefined || told === undefined) return [];
  const place = storyKey(...told, event.number);
  return [{ type: "put" as const, key: place, value: withChecksum(place, new Uint8Array()) }];
}

const migrations: readonly Migration[] = [
  {
    to: 2,
    about: "every value carries a checksum",
    migrate: (entries) => entries.map(([key, value]) => ({ type: "put", key, value: withChecksum(key, value) })),
  },
  {
    to: 3,
    about: "events of a device are found by the device",
    within: rangeOf("event"),
    migrate: (entries) =>
      entries.flatMap((entry) =>
        toldOf(entry, ({ type, subject }) =>
          type.startsWith("device.") && !UNTOLD.has(type) ? ["device", subject] : undefined,
        ),
      ),
  },
  {
    to: 4,
    about: "events of a data request, its reservations and its instances are found by the request",
    within: rangeOf("event"),
    migrate: (entries) =>
      entries.flatMap((entry) =>
        toldOf(entry, (event) => {
          const id = TOLD_OF_REQUESTS.get(STATE_OF_REQUESTS.exec(event.type)?.[1] ?? "")?.(event);
          return typeof id === "string" ? ["datarequest", id] : undefined;
        }),
      ),
  },
];

/** The format that this program writes. */
export const FORMAT = 4;
const BATCH = 500;
/** Among so many values at least one is sound. */
const LOOKED_AT = 20;
const FORMAT_KEY = keyOf("format");

interface Stamp {
  readonly format: number;
  /** A migration under way: up to which key its entries are done, base64url. */
  readonly doneUpTo?: string;
}

/** The folder holds what a newer program wrote. */
export class NewerStore extends Error {
  constructor(format: number) {
    super(
      `the store has format ${format} and this program knows formats up to ${FORMAT}: run the newer program again, or restore a backup that this one made`,
    );
    this.name = "NewerStore";
  }
}

/** What the folder says of its format is damaged: to take it for another would write over what is sound. */
class DamagedStamp extends Error {
  constructor(what: string) {
    super(`what it says of its format is damaged: ${what}`);
    this.name = "DamagedStamp";
  }
}

/** The stamp of a store; undefined when there is nothing in it yet. A store from before there were stamps has format 1. */
export async function stampOf(raw: Database): Promise<Stamp | undefined> {
  const stored = await raw.get(FORMAT_KEY);
  if (stored) return readStamp(stored);
  const entries: Entry[] = [];
  for await (const entry of raw.entries({ limit: LOOKED_AT })) entries.push(entry);
  // Values had no checksums then: where one fits there was a stamp.
  if (entries.some(([key, value]) => checkedValue(key, value) !== undefined)) throw new DamagedStamp("it is missing");
  return entries.length > 0 ? { format: 1 } : undefined;
}

/** A program must understand the stamp of every format; the checksum at its end it knows of those up to its own. */
function readStamp(stored: Uint8Array): Stamp {
  const text = Buffer.from(stored).toString("latin1");
  const stamp = stampIn(/^\{.*?\}/.exec(text)?.[0] ?? "{}");
  const isNewer = stamp !== undefined && stamp.format > FORMAT;
  if (stamp !== undefined && (isNewer || checkedValue(FORMAT_KEY, stored) !== undefined)) return stamp;
  throw new DamagedStamp("its checksum does not fit");
}

function stampIn(text: string): Stamp | undefined {
  try {
    return JSON.parse(text) as Stamp;
  } catch {
    return undefined;
  }
}

export const stamped = (stamp: Stamp): Operation => ({
  type: "put",
  key: FORMAT_KEY,
  value: withChecksum(FORMAT_KEY, Buffer.from(JSON.stringify(stamp))),
});

/** Whether the store must be changed before this program can read it. Throws NewerStore. */
export function needsMigration(stamp: Stamp | undefined): stamp is Stamp {
  if (stamp !== undefined && !(stamp.format <= FORMAT)) throw new NewerStore(stamp.format);
  return stamp !== undefined && stamp.format < FORMAT;
}

/** Brings a store to this program's format; one that was killed midway goes on where it stopped. */
export async function migrate(raw: Database, told: (about: string) => void): Promise<void> {
  for (const { to, about, within = {}, migrate: step } of migrations) {
    const stamp = (await stampOf(raw)) ?? { format: FORMAT };
    if (stamp.format >= to) continue;
    told(about);
    let after = stamp.doneUpTo === undefined ? undefined : Buffer.from(stamp.doneUpTo, "base64url").toString();
    for (;;) {
      const entries = await entriesOf(raw, { ...within, ...(after !== undefined && { gte: `${after}\u0000` }) });
      const last = entries.at(-1);
      if (last === undefined) break;
      after = last[0];
      // Entries and how far they are done land together: none is done twice.
      const progress = { format: to - 1, doneUpTo: Buffer.from(after).toString("base64url") };
      await raw.batch([...step(entries.filter(([key]) => key !== FORMAT_KEY)), stamped(progress)]);
    }
    await raw.batch([stamped({ format: to })]);
  }
  if ((await stampOf(raw)) === undefined) await raw.batch([stamped({ format: FORMAT })]);
}

async function entriesOf(raw: Database, range: Range): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of raw.entries({ ...range, limit: BATCH })) entries.push(entry);
  return entries;
}
