import { MINUTE, type Loop } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { created, moved, type Change } from "../../platform/change.ts";
import { pageOf } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict, unlessMoved } from "../../platform/repeat.ts";
import { compileSelector } from "../devices/selector-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { policy } from "./contract.ts";
import { createSilence, endSilence, listSilences, silence, type Silence } from "./silence-contract.ts";
import { swept } from "./tables.ts";

export const silenceActions = [
  handle(
    createSilence,
    async ({ selector = "", policy: name, from, until, reason }, context: PoliciesContext, { actor }) => {
      const { store, clock, newId } = context;
      if (selector !== "") compileSelector(selector);
      const only = name === undefined ? undefined : (await resolve(store, policy, name)).name;
      const begin = from ?? clock.now();
      if (until <= Math.max(begin, clock.now()))
        throw new Problem("invalid-input", `"until" (${until}) must be after "from" (${begin}), and not be past`);
      const draft = {
        selector,
        from: begin,
        until,
        reason,
        author: actor,
        ...(only !== undefined && { policy: only }),
      };
      const id = newId();
      await repeatOnConflict(async () =>
        store.commit(created(silence, id, draft), ...(await lookedAt(draft, context))),
      );
      return resolve(store, silence, id);
    },
  ),
  handle(endSilence, async ({ silence: id }, context: PoliciesContext) =>
    repeatOnConflict(async () => {
      const row = await resolve(context.store, silence, id);
      await context.store.commit(moved(silence, row, "end"), ...(await lookedAt(row, context)));
      return resolve(context.store, silence, id);
    }),
  ),
  handle(listSilences, async ({ state: states, limit = 50, cursor }, { store }: PoliciesContext) => {
    const page = await pageOf(store, silence, { states, limit, cursor, reverse: true });
    return { ...page, items: [...page.items] };
  }),
];

/** The policies that it is about are looked at anew: what fires is no surprise now, or is one again. */
async function lookedAt(
  { policy: name }: Pick<Silence, "policy">,
  context: PoliciesContext,
): Promise<readonly Change[]> {
  const { all, groups } = await context.watch.policies(context);
  const concerned = [...all, ...groups.policies].filter((each) => name === undefined || each.name === name);
  return Promise.all(concerned.map((each) => swept(each.name, context.store)));
}

/** Ends silences whose time is over. */
export const endSilences = ({ store, clock, log }: PoliciesContext): Loop => ({
  name: "end silences",
  every: MINUTE,
  onError: (error) => log.error("loop failed", { loop: "end silences", error }),
  step: async () => {
    for await (const row of store.scan(silence, { index: "active" })) {
      if (row.until > clock.now()) break;
      await store.commit(moved(silence, row, "end")).catch(unlessMoved);
    }
    return "settled";
  },
});
