import { handle } from "../../platform/action.ts";
import { moved, put, updated, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { findHandler, lookupHandlers } from "../../platform/crud.ts";
import type { SessionNews } from "../../platform/feature.ts";
import { pageOfMatches, pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import * as contract from "./contract.ts";
import { dataHistory, histories } from "./history-contract.ts";
import { objectStoreActions } from "./object-store-actions.ts";
import { SOURCES_AT_MOST } from "./report.ts";
import { catalogueFileHandler } from "./own-store.ts";
import { unsettledSources } from "./tables.ts";
import { automaticTags } from "./tags.ts";
import { compileQuery, viewOf } from "./view.ts";

const { data, dataSource } = contract;
// What an operator can make the catalogue keep for one piece of data.
const TAGS_AT_MOST = 64;

export const catalogueActions = [
  handle(dataHistory, async ({ id, limit = 50, cursor = "0" }, { store }: PlatformContext) => {
    const row = await resolve(store, data, id);
    const later = (await store.get(histories, row.id))?.happenings ?? [];
    const all = [...later.toReversed(), { at: row.createdAt, what: "found" as const }];
    const from = /^\d{1,6}$/.test(cursor) ? Number(cursor) : all.length;
    const next = from + limit;
    return { items: all.slice(from, next), total: all.length, ...(next < all.length && { next: String(next) }) };
  }),
  catalogueFileHandler,
  ...objectStoreActions,
  ...lookupHandlers(data, contract.dataLookups),
  findHandler(dataSource, contract.sourceLookups.find),
  handle(
    contract.sourceLookups.list,
    async ({ device: ref, state: states, limit = 50, cursor }, { store, scopes }: PlatformContext, caller) => {
      const where = ref === undefined ? {} : { index: "device", prefix: [(await resolve(store, device, ref)).id] };
      const reach = scopes.reachOf(caller, contract.sourceLookups.list.permission);
      const page = await pageWithin(store, dataSource, reach, { ...where, limit, cursor, states, reverse: true });
      return { ...page, items: [...page.items] };
    },
  ),
  handle(contract.queryData, async ({ expression, limit = 50, cursor }, { store, scopes }: PlatformContext, caller) => {
    const query = compileQuery(expression);
    const reach = scopes.reachOf(caller, contract.queryData.permission);
    const isWanted = async (row: contract.Data) =>
      row.state !== "removed" && query.matches(viewOf(row)) && reach.coversOwned(data, row);
    return pageOfMatches(store.walk(data, { cursor }), isWanted, limit);
  }),
  handle(contract.tagData, async ({ id, set = {}, remove = [] }, { store }: PlatformContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, data, id);
      await store.commit(updated(data, row, await tagged(row, { set, remove }, store)));
      return resolve(store, data, row.id);
    }),
  ),
  handle(contract.refreshSources, async ({ device: ref }, context: PlatformContext) =>
    repeatOnConflict(async () => {
      const holder = await resolve(context.store, device, ref);
      const changes: Change[] = [];
      const sources = await sourcesOf(holder.id, context);
      for (const source of sources)
        if (holder.state === "retired" && source.state !== "shutdown")
          changes.push(moved(dataSource, source, "shutdown"));
      if (sources.length > 0) await context.store.commit(...changes, ...marks(sources, context));
      return { device: holder.id, sources: sources.length };
    }),
  ),
];

/** A device that is back can reach its data again: told in the commit that tells of its return. */
export const receiveSession = async (news: SessionNews, context: PlatformContext): Promise<readonly Change[]> =>
  news.kind === "opened" ? marks(await sourcesOf(news.device, context), context) : [];

const sourcesOf = async (holder: string, { store }: PlatformContext): Promise<readonly contract.DataSource[]> =>
  (await store.list(dataSource, { index: "device", prefix: [holder], limit: SOURCES_AT_MOST })).items;

const marks = (sources: readonly contract.DataSource[], { newId }: PlatformContext): readonly Change[] =>
  sources.map(({ id }) => put(unsettledSources, { id: newId(), source: id }));

async function tagged(
  row: contract.Data,
  { set, remove }: { set: Readonly<Record<string, string>>; remove: readonly string[] },
  store: PlatformContext["store"],
) {
  const source = await store.get(dataSource, row.source);
  const nameOf = async (id: string) => (await store.get(device, id))?.name ?? "";
  const automatic = automaticTags({
    name: row.name,
    source: source?.name ?? "",
    ...(row.device !== "" && { device: await nameOf(row.device) }),
    ...(row.from !== undefined && { from: await nameOf(row.from) }),
  });
  const own = { ...automatic, ...source?.tags, ...row.ownTags };
  const stranger = remove.find((key) => !Object.hasOwn(row.givenTags, key) && Object.hasOwn(own, key));
  if (stranger !== undefined)
    throw new Problem(
      "conflict",
      `the tag "${stranger}" comes from the catalogue or the source; set another value instead`,
    );
  const entries = Object.entries({ ...row.givenTags, ...set }).filter(([key]) => !remove.includes(key));
  if (entries.length > TAGS_AT_MOST)
    throw new Problem("invalid-input", `a piece of data can be given ${TAGS_AT_MOST} tags, not ${entries.length}`);
  const givenTags = Object.fromEntries(entries);
  return { givenTags, tags: { ...own, ...givenTags } };
}
