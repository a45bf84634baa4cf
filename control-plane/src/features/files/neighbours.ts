import { createHash } from "node:crypto";
import { data } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import { isNeighbour, neighbourAddress } from "../devices/neighbour-contract.ts";
import { command, type Command } from "../jobs/contract.ts";
import type { FilesContext } from "./context.ts";

const MOST_NAMED = 4;
// Of a fleet that fetches one content at once, no question looks at more.
const LOOKED_AT = 1_000;

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
  { id, device: asking, arguments: given }: Command,
  { store }: Pick<FilesContext, "store">,
): Promise<Named[]> {
  const sha256 = String(given["sha256"]);
  const own = await store.get(device, asking);
  if (own === undefined) return [];
  const found = new Map<string, Named>();
  const name = async (holder: string, over: Pick<Named, "isComing"> = {}) => {
    const row = found.has(holder) ? undefined : await store.get(device, holder);
    if (row !== undefined && isNeighbour(own, row))
      found.set(row.id, { device: row.id, address: neighbourAddress(row) ?? "", ...over });
  };
  for await (const row of store.scan(data, { index: "hash", prefix: [sha256] }))
    if (row.state === "available") await name(row.device);
  const { items } = await store.list(command, { index: "bringing", prefix: [sha256], limit: LOOKED_AT });
  for (const row of items) if (row.id < id && !row.cancelRequested) await name(row.device, { isComing: true });
  const turn = (each: Named) =>
    `${each.isComing === true} ${createHash("sha256").update(`${asking} ${each.device}`).digest("hex")}`;
  return [...found.values()].toSorted((a, b) => (turn(a) < turn(b) ? -1 : 1)).slice(0, MOST_NAMED);
}
