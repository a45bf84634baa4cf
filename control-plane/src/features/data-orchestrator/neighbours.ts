import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { data } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import { isNeighbour, neighbourAddress } from "../devices/neighbour-contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, type DataInstance } from "./contract.ts";

/** So many fetch at once from one that has it. */
const FOR_EACH_HOLDER = 8;
/** A device that takes longer than this for its bytes is waited for no more. */
const PATIENCE = 10 * MINUTE;
const SLOW_BYTES_PER_SECOND = 64 * 1024;

/** How many devices of a site fetch a content at once: one over the site's line, and then as many as those can serve that have it. */
export const fetchersAtOnce = (holders: number): number => Math.max(1, holders * FOR_EACH_HOLDER);

/** For how long others wait for a device that fetches so many bytes, milliseconds. */
export const patienceFor = (bytes: number): number => PATIENCE + (bytes / SLOW_BYTES_PER_SECOND) * SECOND;

/** Whether a content comes sooner, and without the site's line, when devices beside this one have it first. */
export async function waitsForNeighbours(
  row: DataInstance,
  { store, clock }: DataOrchestratorContext,
): Promise<boolean> {
  const own = await store.get(device, row.device);
  if (own === undefined || neighbourAddress(own) === undefined) return false;
  const isBeside = async (id: string) => {
    const other = await store.get(device, id);
    return other !== undefined && isNeighbour(own, other);
  };
  let [holders, fetching] = [0, 0];
  for await (const each of store.scan(dataInstance, { index: "wanted", prefix: [row.hash, "fetching"] })) {
    const isOther = each.id !== row.id && clock.now() - each.updatedAt < patienceFor(row.bytes);
    if (isOther && (await isBeside(each.device))) fetching += 1;
  }
  for await (const each of store.scan(data, { index: "hash", prefix: [row.hash] })) {
    // Of a thousand that have it few are enough to tell.
    if (fetching < fetchersAtOnce(holders)) return false;
    if (each.state === "available" && (await isBeside(each.device))) holders += 1;
  }
  return fetching >= fetchersAtOnce(holders);
}
