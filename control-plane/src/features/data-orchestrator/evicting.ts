import type { Store } from "../../platform/store.ts";
import type { DataSource } from "../data-catalogue/contract.ts";
import { openBytes } from "./capacity.ts";
import { dataInstance, type DataInstance } from "./contract.ts";

/** Below this part of a disk caches go, until there is as much as that again. */
const TOO_FULL = 0.05;
const ROOMY = 0.1;

const isTooFull = (source: DataSource): boolean => openBytes(source) < source.totalBytes * TOO_FULL;

/** Of caches the oldest, as many as give a source room again that has too little. */
function evicted(
  source: Pick<DataSource, "totalBytes" | "freeBytes" | "availableBytes" | "reservedBytes" | "placingBytes">,
  caches: readonly Pick<DataInstance, "id" | "bytes">[],
): readonly string[] {
  const chosen: string[] = [];
  let missing = source.totalBytes * ROOMY - openBytes(source);
  // Ids are made in order of time.
  for (const { id, bytes } of caches.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    if (missing <= 0) break;
    chosen.push(id);
    missing -= bytes;
  }
  return chosen;
}

export async function cachesToEvict(source: DataSource, store: Store): Promise<readonly DataInstance[]> {
  if (!isTooFull(source)) return [];
  const caches: DataInstance[] = [];
  for await (const row of store.scan(dataInstance, { index: "place", prefix: [source.id] }))
    if (row.decision === "cache" && row.state === "ready") caches.push(row);
  const chosen = new Set(evicted(source, caches));
  return caches.filter(({ id }) => chosen.has(id));
}
