import { handle } from "../../platform/action.ts";
import { resolve } from "../../platform/reference.ts";
import { dataSource } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import { refusalOf } from "./conflict-words.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { planData } from "./contract.ts";
import { nothing, plan, totalOf } from "./planning.ts";
import { contentsOf, matchesOf, matchesRefusal, surroundingsOf } from "./survey.ts";

/** What a request would do, by the same plan that it would be carried out by. */
export const planHandler = handle(
  planData,
  async (
    { query, where, device: ref, source: sourceRef, copies = 1, use = "copy", bytes, money },
    context: DataOrchestratorContext,
    caller,
  ) => {
    const { store } = context;
    const at = ref === undefined ? undefined : (await resolve(store, device, ref)).id;
    const source = sourceRef === undefined ? undefined : (await resolve(store, dataSource, sourceRef)).id;
    const wanted = {
      ...(where !== undefined && { where }),
      ...(at !== undefined && { device: at }),
      ...(source !== undefined && { source }),
      use,
      author: caller.actor,
    };
    const wish = {
      copies,
      use,
      budget: { ...(bytes !== undefined && { bytes }), ...(money !== undefined && { money }) },
    };
    const matches = await matchesOf(query, context, caller);
    const refusal = matchesRefusal(matches, query);
    if (refusal !== undefined) return { steps: [], cost: nothing, refusal };
    const contents = await contentsOf(matches, store);
    const world = await surroundingsOf(wanted, contents, context);
    const planned = plan(contents, wish, world);
    if ("conflict" in planned)
      return { steps: [], cost: nothing, refusal: refusalOf(planned.conflict, { wish, wanted }, contents, world) };
    const steps = planned.steps.map(({ data, target, cost }) => ({
      name: data.name,
      data: data.id,
      from: data.device,
      to: target?.device ?? data.device,
      ...(target !== undefined && { target: target.id }),
      cost,
    }));
    return { steps, cost: totalOf(planned.steps), refusal: "" };
  },
);
