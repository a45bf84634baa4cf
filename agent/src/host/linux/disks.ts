import type { Counter } from "./measurement.ts";
import { column, wordsOfLines } from "./lines.ts";

// The kernel counts in sectors of this size whatever the disk's own are.
const SECTOR_BYTES = 512;
const MOST_DISKS = 32;
const NOT_A_DISK = /^(loop|ram|zram|sr|fd|nbd)\d+/;

/** Whether a block device is worth telling about: not a loop, a RAM disk or a drive for removable media. */
export const isDisk = (name: string): boolean => !NOT_A_DISK.test(name);

/** From /proc/diskstats: traffic of whole disks (`wholeDisks` are the names in /sys/block; a partition's traffic is its disk's). */
export function diskCounters(text: string, wholeDisks: ReadonlySet<string>): readonly Counter[] {
  return wordsOfLines(text)
    .filter(([, , name = ""]) => wholeDisks.has(name) && isDisk(name))
    .slice(0, MOST_DISKS)
    .flatMap((words) => {
      const instance = words[2] ?? "";
      return [
        { metric: "disk.reads_per_second", instance, counter: column(words, 3), scale: 1 },
        { metric: "disk.read_bytes_per_second", instance, counter: column(words, 5), scale: SECTOR_BYTES },
        { metric: "disk.writes_per_second", instance, counter: column(words, 7), scale: 1 },
        { metric: "disk.written_bytes_per_second", instance, counter: column(words, 9), scale: SECTOR_BYTES },
        // Milliseconds of waiting for each request that ended; with no request there is no latency.
        {
          metric: "disk.read_latency_milliseconds",
          instance,
          counter: column(words, 6),
          per: column(words, 3),
          scale: 1,
        },
        {
          metric: "disk.write_latency_milliseconds",
          instance,
          counter: column(words, 10),
          per: column(words, 7),
          scale: 1,
        },
        // Milliseconds in which a request was under way, per second.
        { metric: "disk.busy_percent", instance, counter: column(words, 12), scale: 100 / 1_000, most: 100 },
      ];
    });
}
