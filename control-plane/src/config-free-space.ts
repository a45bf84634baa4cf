import { ConfigError, size, type Reader } from "@edgemere/protocol/config";
import type { Threshold } from "./platform/disk-guard.ts";

/** A share of the disk, or bytes. */
export const freeSpace: Reader<Threshold> = (value) => {
  const [, percent] = /^(\d{1,2})%$/.exec(value) ?? [];
  if (percent !== undefined) return { percent: Number(percent) };
  if (value.endsWith("%"))
    throw new ConfigError(`"${value}" is no share of a disk: write 0% to 99%, or a size such as 5GiB`);
  return { bytes: size(0, 1024 ** 5)(value) };
};

/** As an operator writes it. */
export const written = (free: Threshold): string => ("percent" in free ? `${free.percent}%` : `${free.bytes} bytes`);

/** A share and a size can be compared only where the disk is known; there the alarm comes with the end of writing at the latest. */
export const isBelow = (one: Threshold, other: Threshold): boolean =>
  "bytes" in one ? "bytes" in other && one.bytes < other.bytes : "percent" in other && one.percent < other.percent;
