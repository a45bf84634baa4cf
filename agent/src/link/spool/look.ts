import type { StreamName } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";
import { outlined } from "./kept-record.ts";
import { repair } from "./repair.ts";
import { pathOf, segmentNames } from "./segment.ts";

/** What the files of a stream hold; the newest of them may hold records that are delivered already. */
export interface StreamFiles {
  readonly bytes: number;
  readonly records: number;
  /** When the oldest record was made, by the device's clock; absent when there is none. */
  readonly oldestMs?: number;
  /** Records that gaps stand for of which the control plane may not know yet. */
  readonly givenUp: number;
}

/** Reads a stream's files without changing them, also while an agent works on them. */
export async function lookAtStream(disk: Disk, stream: StreamName): Promise<StreamFiles> {
  const names = await segmentNames(disk, stream);
  let [bytes, records, givenUp] = [0, 0, 0];
  let oldestMs: number | undefined;
  let expected: number | undefined;
  for (const [i, name] of names.entries()) {
    const content = await disk.read(pathOf(stream, name));
    // The agent has just removed it: delivered, or given up.
    if (content === undefined) continue;
    const found = repair({ stream, first: name, content, expected, limit: names[i + 1], read: outlined });
    expected = found.next;
    bytes += content.length;
    for (const { record } of found.records) {
      if (record.body === "gap") givenUp += record.gap.records;
      else {
        records += 1;
        oldestMs = Math.min(oldestMs ?? Infinity, record.atMs);
      }
    }
  }
  return { bytes, records, givenUp, ...(oldestMs !== undefined && { oldestMs }) };
}
