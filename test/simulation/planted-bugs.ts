import type { Appender, Disk } from "@edgemere/protocol/kit";
import { sameDisk } from "@edgemere/protocol/simulated";
import { lastTwoExchanged, spoolFile } from "./records.ts";
import type { SimulatedFeature } from "./simulated-control-plane.ts";

/** Bugs that are put in to see them found. */
export interface PlantedBugs {
  /** What a device's processes have for a disk; asked once for each device. */
  readonly wear?: () => (disk: Disk) => Disk;
  /** How many batches the control plane's database loses at a death, though it answered them. */
  readonly unsavedBatches?: number;
  /** A restore from a backup begins no generation. */
  readonly restoresInPlace?: boolean;
  /** Late wills count for the session there is then. */
  readonly willsLie?: boolean;
  /** What becomes of a subsystem of the control plane. */
  readonly altered?: (feature: SimulatedFeature) => SimulatedFeature;
}

export type PlantedBug =
  | "unwritten starts"
  | "no sync"
  | "hasty database"
  | "restore in place"
  | "numbers used twice"
  | "late wills"
  | "unmarked hours";

const decoder = new TextDecoder();

export const plantedBugs: Readonly<Record<PlantedBug, PlantedBugs>> = {
  "unwritten starts": { wear: () => withoutStarts },
  "no sync": { wear: () => withoutSync },
  "hasty database": { unsavedBatches: 1 },
  "restore in place": { restoresInPlace: true },
  "numbers used twice": { wear: () => confused },
  "late wills": { willsLie: true },
  "unmarked hours": { altered: withoutMarks },
};

/** Samples that come do not mark their hours, so that nobody sums them up. */
function withoutMarks(feature: SimulatedFeature): SimulatedFeature {
  const telemetry = feature.name === "telemetry-aggregator" ? feature.receives?.telemetry : undefined;
  if (telemetry === undefined) return feature;
  return {
    ...feature,
    receives: {
      ...feature.receives,
      telemetry: async (received, context) =>
        (await telemetry(received, context)).filter(({ writes }) =>
          writes.every(({ table }) => table.name !== "telemetrydirty"),
        ),
    },
  };
}

/** The journal of commands never says that one was started. */
const withoutStarts = (disk: Disk): Disk => {
  const cut = (path: string, content: Uint8Array) => {
    if (path !== "commands/journal") return content;
    const lines = decoder.decode(content).split("\n");
    return Buffer.from(lines.filter((line) => !line.includes('"entry":"started"')).join("\n"));
  };
  return {
    ...sameDisk(disk),
    write: (path, content) => disk.write(path, cut(path, content)),
    append: async (path) => {
      const file = await disk.append(path);
      return fileWith(file, { write: (content) => file.write(cut(path, content)) });
    },
  };
};

const withoutSync = (disk: Disk): Disk => ({
  ...sameDisk(disk),
  append: async (path) => fileWith(await disk.append(path), { sync: async () => {} }),
});

/** Whenever a process begins, the last two records of each stream have each other's numbers. */
const confused = (disk: Disk): Disk => {
  const begun = new Set<string>();
  return {
    ...sameDisk(disk),
    read: async (path) => {
      const content = await disk.read(path);
      if (content === undefined || spoolFile(path) === undefined || begun.has(path)) return content;
      begun.add(path);
      return lastTwoExchanged(content);
    },
    append: (path) => {
      begun.add(path);
      return disk.append(path);
    },
  };
};

/** The file, but for what is given. */
const fileWith = (file: Appender, own: Partial<Pick<Appender, "write" | "sync">>): Appender => ({
  get size() {
    return file.size;
  },
  write: own.write ?? ((content) => file.write(content)),
  sync: own.sync ?? (() => file.sync()),
  close: () => file.close(),
});
