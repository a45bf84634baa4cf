import { SECOND, type Loop } from "@edgemere/protocol/kit";
import type { Table } from "../../platform/resource.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { dataSource } from "../data-catalogue/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance } from "./contract.ts";
import { drop } from "./dropping.ts";
import { removal } from "./ending.ts";
import { cachesToEvict } from "./evicting.ts";
import { bringingTold } from "./moving-told.ts";
import { bring, collect } from "./moving.ts";
import { collections, droppings } from "./tables.ts";

/** What is brought, collected and dropped in one step of its loop. */
const AT_ONCE = 200;

/** Takes every instance that is being brought one step further. */
export const bringInstances = (context: DataOrchestratorContext): Loop => {
  const moving = { table: dataInstance, index: "moving" };
  const loop = dueLoop("bring data instances", moving, (row) => bring(row, context), context);
  const bringTold = bringingTold(context);
  return { ...loop, step: () => bringTold().then(loop.step) };
};

/** Has content that is wanted elsewhere sent here. */
export const collectContent = (context: DataOrchestratorContext): Loop =>
  dueLoop("collect data", { table: collections, index: "due" }, (row) => collect(row, context), context);

/** Takes away what nobody needs any more. */
export const dropFiles = (context: DataOrchestratorContext): Loop =>
  dueLoop("drop data", { table: droppings, index: "due" }, (row) => drop(row, context), context);

interface Due {
  readonly id: string;
  readonly nextTryAt?: number;
}

/**
 * Does what is next for each row whose time has come. One that fails holds up no other, and neither do many that only wait: a step goes on
 * behind the one before, until everybody had a turn.
 */
function dueLoop<Row extends Due>(
  name: string,
  { table, index }: { readonly table: Table<Row>; readonly index: string },
  step: (row: Row) => Promise<void>,
  { store, clock, log }: DataOrchestratorContext,
): Loop {
  let cursor: string | undefined;
  return {
    name,
    every: SECOND,
    onError: (error) => log.error("loop failed", { loop: name, error }),
    step: async () => {
      const due: Row[] = [];
      let next: string | undefined;
      for await (const each of store.walk(table, { index, cursor })) {
        if ((each.row.nextTryAt ?? 0) > clock.now()) break;
        due.push(each.row);
        next = due.length > AT_ONCE ? each.cursor : undefined;
        if (next !== undefined) break;
      }
      cursor = next;
      for (const row of due.slice(0, AT_ONCE)) {
        await step(row).catch((error: unknown) => {
          if (!(error instanceof Problem)) throw error;
          log.info("data waits", { loop: name, id: row.id, cause: error.message });
        });
      }
      return "settled";
    },
  };
}

/** Gives room back where a disk fills: copies that may go do, the oldest first. */
export const evictCaches = (context: DataOrchestratorContext): Loop => ({
  name: "evict cached data",
  every: 30 * SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "evict cached data", error }),
  step: async () => {
    const { store } = context;
    for await (const source of store.scan(dataSource, { index: "taking" }))
      for (const { id } of await cachesToEvict(source, store))
        await repeatOnConflict(async () => {
          const row = await store.get(dataInstance, id);
          if (row !== undefined) await store.commit(...(await removal(row, context)));
        });
    return "settled";
  },
});
