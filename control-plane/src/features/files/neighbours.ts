import { createHash } from "node:crypto";
import { seal, v1 } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { data } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import { isNeighbour, neighbourAddress } from "../devices/neighbour-contract.ts";
import type { Command } from "../jobs/contract.ts";
import type { FilesContext } from "./context.ts";

/** Long enough for a device to ask again in good time, and short for one that is not to have it any more. */
const PERMITTED_FOR = 15 * MINUTE;
const MOST_NAMED = 4;

/** Devices beside one that have a content and give it, in an order that spreads those who ask. */
export async function neighboursWith(
  sha256: string,
  asking: string,
  { store }: Pick<FilesContext, "store">,
): Promise<{ device: string; address: string }[]> {
  const own = await store.get(device, asking);
  if (own === undefined) return [];
  const found = new Map<string, string>();
  for await (const row of store.scan(data, { index: "hash", prefix: [sha256] })) {
    const holder = row.state === "available" ? await store.get(device, row.device) : undefined;
    if (holder !== undefined && isNeighbour(own, holder)) found.set(holder.id, neighbourAddress(holder) ?? "");
  }
  const turn = (id: string) => createHash("sha256").update(`${asking} ${id}`).digest("hex");
  return [...found]
    .map(([id, address]) => ({ device: id, address }))
    .toSorted((a, b) => (turn(a.device) < turn(b.device) ? -1 : 1))
    .slice(0, MOST_NAMED);
}

/** Lets a device fetch the content of its command from its neighbours, base64. */
export function permitOf(
  { device: holder, arguments: given }: Command,
  { signer, authority, clock }: Pick<FilesContext, "signer" | "authority" | "clock">,
): string {
  const permit = {
    trustDomain: authority.trustDomain,
    device: holder,
    sha256: Buffer.from(String(given["sha256"]), "hex"),
    expiresAtMs: clock.now() + PERMITTED_FOR,
  };
  const envelope = seal("neighbourPermit", permit, ...signer.keysFor("commands"));
  return Buffer.from(v1.SignedEnvelope.encode(envelope).finish()).toString("base64");
}
