import { join } from "node:path";
import { levelDatabase, memoryDatabase, type Database } from "@edgemere/control-plane";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { bareStore, deviceRow } from "./device-rows.ts";
import { figure, quantile, ratio, spread } from "./statistics.ts";
import type { Table } from "./table.ts";

const WRITERS = [1, 8, 64];
const ROUNDS = 3;
const WINDOW = 1_000;
const DEVICES = 1_000;

type Operations = Parameters<Database["batch"]>[0];
/** Writes the next change and resolves when it is durable. */
type Write = () => Promise<void>;

interface Round {
  readonly perSecond: number;
  /** Milliseconds of each. */
  readonly taken: readonly number[];
}

/** Commits of a changed device row with its event, beside the same bytes in one synced LevelDB batch per change. */
export async function store(): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-store");
  const peer = await levelDatabase(join(folder.path, "peer"));
  try {
    await using ours = await bareStore(await levelDatabase(join(folder.path, "ours")));
    const recorded = await recordedBatches();
    let change = 0;
    let batch = 0;
    const contestants: Readonly<Record<string, Write>> = {
      "group commit": () => ours.commit(deviceRow(change++ % DEVICES, change)),
      "LevelDB, a batch each": () => peer.batch(recorded[batch++ % recorded.length] ?? []),
    };

    const rows: (readonly string[])[] = [];
    for (const writers of WRITERS) rows.push(...(await compared(contestants, writers)));
    return [
      {
        title: "store: durable commits of a device row, its two index entries and an event",
        columns: ["", "writers", "commits/s", "to LevelDB", "p50 ms", "p99 ms"],
        rows,
        notes: [
          `Median (least..most) of ${ROUNDS} rounds of ${WINDOW} ms, in turns; every commit and every batch is fsynced. ` +
            "LevelDB joins batches that wait, too: it reads, checks and encodes nothing.",
        ],
      },
    ];
  } finally {
    await peer.close();
  }
}

/** What the store hands to LevelDB for each change, caught on its way. */
async function recordedBatches(): Promise<readonly Operations[]> {
  const recorded: Operations[] = [];
  const memory = memoryDatabase();
  await using store = await bareStore({
    ...memory,
    batch: async (operations) => {
      recorded.push(operations);
      await memory.batch(operations);
    },
  });
  for (let number = 0; number < 2 * DEVICES; number++) await store.commit(deviceRow(number % DEVICES, number + 1));
  return recorded;
}

async function compared(contestants: Readonly<Record<string, Write>>, writers: number) {
  const rounds = new Map(Object.keys(contestants).map((name) => [name, [] as Round[]]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, write] of Object.entries(contestants)) rounds.get(name)?.push(await measured(write, writers));

  const speeds = (of: readonly Round[]) => of.map(({ perSecond }) => perSecond);
  const [first = [], second = []] = rounds.values();
  return [...rounds].map(([name, of]) => {
    const taken = of.flatMap((each) => each.taken);
    const against = of === first ? ratio(speeds(first), speeds(second)) : "";
    return [
      name,
      String(writers),
      spread(speeds(of)),
      against,
      figure(quantile(taken, 0.5)),
      figure(quantile(taken, 0.99)),
    ];
  });
}

async function measured(write: Write, writers: number): Promise<Round> {
  const from = performance.now();
  const taken: number[] = [];
  const writer = async () => {
    for (let began = performance.now(); began - from < WINDOW; began = performance.now()) {
      await write();
      taken.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return { perSecond: (taken.length * 1_000) / (performance.now() - from), taken };
}
