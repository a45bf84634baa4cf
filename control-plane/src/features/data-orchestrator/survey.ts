import type { Caller } from "../../platform/caller.ts";
import { ask } from "../../platform/dispatch.ts";
import type { Store } from "../../platform/store.ts";
import { dataSource, queryData, type Data } from "../data-catalogue/contract.ts";
import { device, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf } from "../devices/selector-contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import type { DataRequest } from "./contract.ts";
import { hasChanged } from "./instance-life.ts";
import { originOf } from "./instances.ts";
import { declaredPolicy, hindrance } from "./placement-policy.ts";
import type { Content, Place, Surroundings } from "./planning.ts";

const MATCHES_AT_MOST = 10_000;

/** Where data is wanted and for whom, as far as places depend on it. */
export type Wanted = Pick<DataRequest["purpose"], "where" | "device" | "source" | "use"> & Pick<DataRequest, "author">;

/** Whether data is wanted in certain places, and not only wherever it lies. */
export const isPlaced = ({ where, device, source }: Pick<Wanted, "where" | "device" | "source">): boolean =>
  where !== undefined || device !== undefined || source !== undefined;

/** Everything the catalogue finds and that can be reached; one more than may be held when there is more. */
export async function matchesOf(
  query: string,
  context: Pick<DataOrchestratorContext, "dispatch">,
  caller: Caller,
): Promise<readonly Data[]> {
  const matches: Data[] = [];
  let cursor: string | undefined;
  do {
    const input = { expression: query, limit: 500, ...(cursor !== undefined && { cursor }) };
    const page = await ask(queryData, input, caller, context);
    matches.push(...page.items.filter(({ state }) => state === "available"));
    cursor = page.next;
  } while (cursor !== undefined && matches.length <= MATCHES_AT_MOST);
  return matches;
}

/** Why no request can be made of so many matches. */
export function matchesRefusal(matches: readonly Data[], query: string): string | undefined {
  if (matches.length === 0) return `no data that can be reached matches ${query}`;
  if (matches.length > MATCHES_AT_MOST)
    return `more than ${MATCHES_AT_MOST} pieces of data match ${query}; narrow it down`;
  return undefined;
}

/** The contents among pieces of data. A copy of what has changed since is none of them: in its place stands what it is a copy of. */
export async function contentsOf(matches: readonly Data[], store: Store): Promise<readonly Content[]> {
  const byHash = new Map<string, Map<string, Data>>();
  for (const each of matches) {
    const piece = await asItIsNow(each, store);
    if (piece.state !== "available") continue;
    const holders = byHash.get(piece.hash) ?? new Map<string, Data>();
    byHash.set(piece.hash, holders.set(piece.id, piece));
  }
  return [...byHash].map(([hash, holders]) => {
    const all = [...holders.values()];
    return { hash, bytes: all[0]?.bytes ?? 0, holders: all };
  });
}

async function asItIsNow(piece: Data, store: Store): Promise<Data> {
  const origin = await originOf(piece, store);
  return origin !== undefined && hasChanged(origin, piece.hash) ? origin : piece;
}

/** The places that take data now, which of them are wanted, and what the policy says of each. */
export async function surroundingsOf(
  { where, device: at, source: only, use, author }: Wanted,
  contents: readonly Content[],
  context: DataOrchestratorContext,
): Promise<Surroundings> {
  const { store, placementPolicy = declaredPolicy } = context;
  const devices = new Map<string, Device>();
  const know = async (id: string) => {
    const known = devices.get(id) ?? (await store.get(device, id));
    if (known !== undefined) devices.set(id, known);
    return known;
  };
  const places: Place[] = [];
  for await (const source of store.scan(dataSource, { index: "taking" })) {
    if (source.kind === "bucket") places.push({ source, site: "" });
    const holder = await know(source.device);
    if (holder?.state === "active" && holder.presence === "online") places.push({ source, site: siteIn(holder) });
  }
  for (const { holders } of contents) for (const holder of holders) await know(holder.device);
  const selector = where === undefined ? undefined : compileSelector(where);
  const judge = await placementPolicy(context);
  return {
    places,
    siteOf: (id) => siteIn(devices.get(id)),
    isWanted: (id, source) => {
      if (only !== undefined && source !== only) return false;
      if (id === "") return where === undefined && at === undefined;
      const row = devices.get(id);
      return row !== undefined && (at ?? id) === id && (selector?.matches(viewOf(row)) ?? true);
    },
    hindranceOf: (piece, target) => hindrance(judge({ data: piece, target, use, author }), piece, target),
  };
}

const siteIn = (row: Device | undefined): string => row?.labels["site"] ?? "";
