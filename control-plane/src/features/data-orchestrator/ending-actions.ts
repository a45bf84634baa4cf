import { handle } from "../../platform/action.ts";
import { destroyed } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataReference, dataRequest, endRequest } from "./contract.ts";
import { complete, giveUp } from "./ending.ts";

/** Repeats safely: of a request that is over what is left goes, which is its reference. */
export const endRequestHandler = handle(
  endRequest,
  async ({ request: ref }, context: DataOrchestratorContext, caller) =>
    repeatOnConflict(async () => {
      const { store } = context;
      const request = await resolve(store, dataRequest, ref);
      const { id, name, state, reference } = request;
      if (state === "needed" || state === "selected")
        throw new Problem("conflict", `the data request "${name}" is being decided; ask again in a moment`);
      const reason = `ended by ${caller.actor}`;
      if (state === "satisfied") await complete(request, context, reason);
      if (state === "evaluated") await giveUp(request, reason, context);
      const waiting = reference === undefined ? undefined : await store.get(dataReference, reference);
      if (waiting !== undefined) await store.commit(destroyed(dataReference, waiting));
      return resolve(store, dataRequest, id);
    }),
);
