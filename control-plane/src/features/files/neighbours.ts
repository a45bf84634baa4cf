import { createHash } from "node:crypto";
import { scattered } from "../../platform/keys.ts";
import type { Table } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { data } from "../data-catalogue/contract.ts";
import { device, type Device } from "../devices/contract.ts";
import { neighbourAddress, siteOfGiver } from "../devices/neighbour-contract.ts";
import { command, type Command } from "../jobs/contract.ts";
import type { FilesContext } from "./context.ts";

const MOST_NAMED = 4;
// Of a site that fetches one content at once, no question looks at more.
const LOOKED_AT = 1_000;

/** Whose content is fetched, and by whom. */
export type Fetching = Pick<Command, "id" | "device" | "arguments">;

interface Named {
  device: string;
  address: string;
  isComing?: boolean;
}

/**
 * Devices beside one that give the content of its command, in an order that spreads those who ask: those that have it, and then those that
 * began to fetch it earlier. Nobody is sent to one that began later, so that no two wait for each other.
 */
export async function neighboursWith(
  { id, device: asking, arguments: given }: Fetching,
  { store }: Pick<FilesContext, "store">,
): Promise<Named[]> {
  const own = await store.get(device, asking);
  const site = own && siteOfGiver(own);
  if (site === undefined) return [];
  const where = { site, sha256: String(given["sha256"]), begin: scattered(asking) };
  const found = new Map<string, Named>();
  const name = (row: Device, over: Pick<Named, "isComing"> = {}) => {
    if (row.id !== asking && !found.has(row.id))
      found.set(row.id, { device: row.id, address: neighbourAddress(row) ?? "", ...over });
    return found.size === MOST_NAMED;
  };
  for await (const { giver } of meeting({ table: data, index: "holding" }, where, store)) if (name(giver)) break;
  if (found.size < MOST_NAMED)
    for await (const { giver, row } of meeting({ table: command, index: "bringing" }, where, store))
      if (row.id < id && !row.cancelRequested && name(giver, { isComing: true })) break;
  const turn = (each: Named) =>
    `${each.isComing === true} ${createHash("sha256").update(`${asking} ${each.device}`).digest("hex")}`;
  return [...found.values()].toSorted((a, b) => (turn(a) < turn(b) ? -1 : 1));
}

interface Where {
  readonly site: string;
  readonly sha256: string;
  /** Among the scattered ids: everybody begins elsewhere, and goes around once. */
  readonly begin: string;
}

/** Those who give data on a site and stand in the index of a content too. From one it goes on at the next that the other may know: whoever is known to one alone costs nothing. */
async function* meeting<Row extends { readonly id: string; readonly device: string }>(
  { table, index }: { readonly table: Table<Row>; readonly index: string },
  { site, sha256, begin }: Where,
  store: Store,
): AsyncGenerator<{ readonly giver: Device; readonly row: Row }> {
  let looks = 0;
  for (const { from, isAround } of [
    { from: begin, isAround: false },
    { from: "", isAround: true },
  ]) {
    let mark = from;
    while (looks++ < LOOKED_AT) {
      const giver = await first(device, { index: "givers", prefix: [site], from: mark }, store);
      if (giver === undefined) break;
      const here = scattered(giver.id);
      if (isAround && here >= begin) break;
      const row = await first(table, { index, prefix: [sha256], from: here }, store);
      if (row === undefined) break;
      const there = scattered(row.device);
      if (there === here) yield { giver, row };
      mark = there === here ? `${here} ` : there;
    }
  }
}

async function first<Row extends { readonly id: string }>(
  table: Table<Row>,
  where: { readonly index: string; readonly prefix: readonly string[]; readonly from: string },
  store: Store,
): Promise<Row | undefined> {
  for await (const row of store.scan(table, { ...where, limit: 1 })) return row;
  return undefined;
}
