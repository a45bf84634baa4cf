import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { AnyAction } from "../platform/action.ts";
import type { Caller } from "../platform/caller.ts";
import type { Dispatch } from "../platform/dispatch.ts";

/** Dispatches and lets nothing out but what the action declares: a field more in a row is not a field more in an answer. */
export async function ask(dispatch: Dispatch, action: AnyAction, input: unknown, caller: Caller): Promise<unknown> {
  const output = await dispatch(action.path as string, input, caller);
  // Cleaning changes its argument, and rows may be shared.
  return Value.Clean(action.output as TSchema, Value.Clone(output));
}

/** Actions by their address in lower case: the addresses of REST do not tell capitals apart. */
export const byAddress = (actions: readonly AnyAction[]): ReadonlyMap<string, AnyAction> =>
  new Map(actions.map((each) => [(each.path as string).toLowerCase(), each]));
