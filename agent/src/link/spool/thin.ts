import type { StreamName } from "@edgemere/protocol";
import { bothLosses, gapOf, keep, lossOf, type KeptRecord } from "./kept-record.ts";

/** How old records are thinned out. */
export interface Thinning {
  /** Age from which on, in milliseconds. */
  readonly after: number;
  /** One of so many is kept. */
  readonly keepEvery: number;
}

/** Every n-th record, and between them gaps that tell what went. Gaps that were there stay as they are. */
export function thin(stream: StreamName, records: readonly KeptRecord[], keepEvery: number): readonly KeptRecord[] {
  const left: KeptRecord[] = [];
  let going: KeptRecord[] = [];
  const tell = () => {
    const [first, last] = [going[0], going.at(-1)];
    if (first === undefined || last === undefined) return;
    const loss = going.map(lossOf).reduce(bothLosses);
    left.push(keep(stream, gapOf(first.first, last.last, "thinned", loss)));
    going = [];
  };
  let number = 0;
  for (const record of records) {
    const isGap = record.record.body === "gap";
    if (!isGap && number++ % keepEvery !== 0) going.push(record);
    else {
      tell();
      left.push(record);
    }
  }
  tell();
  return left;
}
