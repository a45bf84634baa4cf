import { handle } from "../../platform/action.ts";
import { moved } from "../../platform/change.ts";
import { pageOfMatches } from "../../platform/pages.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { Problem } from "../../platform/problem.ts";
import type { NotifierContext } from "./context.ts";
import { contact } from "./contract.ts";
import { findNotice, listNotices, notice, retryNotice } from "./notice-contract.ts";

export const noticeActions = [
  handle(
    listNotices,
    async ({ contact: of, state, limit = 50, cursor }, { store, scopes }: NotifierContext, caller) => {
      const reach = scopes.reachOf(caller, listNotices.permission);
      const byState = state === undefined ? {} : { index: "state", prefix: [state] };
      const where = of === undefined ? byState : { index: "contact", prefix: [of] };
      return pageOfMatches(
        store.walk(notice, { ...where, cursor, reverse: true }),
        async (row) =>
          (state === undefined || row.state === state) && (reach.isEverywhere || reach.coversOwned(notice, row)),
        limit,
      );
    },
  ),
  handle(findNotice, async ({ notice: id }, { store }: NotifierContext) => resolve(store, notice, id)),
  handle(retryNotice, async ({ notice: id }, { store, clock, notifier }: NotifierContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(store, notice, id);
      if (row.state !== "refused" && row.state !== "givenup")
        throw new Problem(
          "conflict",
          `the notice is ${row.state}: only one that was refused or given up is sent again`,
        );
      if ((await store.get(contact, row.contact)) === undefined)
        throw new Problem("conflict", `there is no contact "${row.contact}" any more: nobody could be told`);
      const now = clock.now();
      await store.commit(moved(notice, row, "retry", { dueAt: now, giveUpAt: now + notifier.tryFor }));
      return resolve(store, notice, id);
    }),
  ),
];
