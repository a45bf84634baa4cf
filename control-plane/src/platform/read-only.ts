import type { AnyAction } from "./action.ts";
import type { Caller } from "./caller.ts";
import type { Dispatch } from "./dispatch.ts";
import { Problem } from "./problem.ts";

/**
 * While the disk is nearly full, what adds to it is refused. Reading goes on, so do signing in and out, removing, what takes
 * rights away, and what rules and the control plane itself ask: those bring things to their end.
 */
export function refusingWhenFull(
  dispatch: Dispatch,
  actions: readonly AnyAction[],
  isReadOnly: () => boolean,
): Dispatch {
  const growing = new Set(
    actions
      .filter((each) => each.effect === "write" && each.session === undefined && each.isAllowedWhenFull !== true)
      .map(({ path }) => path as string),
  );
  const isOwn = ({ via }: Caller) => via === "rule" || via === "system";
  return async (path, input, caller) => {
    if (growing.has(path) && !isOwn(caller) && isReadOnly())
      throw new Problem(
        "storage-full",
        'the control plane\'s disk is nearly full and takes nothing new: free space on it ("edgemere storage find" tells how much); writing begins again by itself',
        { retryAfter: 30 },
      );
    return dispatch(path, input, caller);
  };
}
