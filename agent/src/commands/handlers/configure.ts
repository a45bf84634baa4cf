import { ConfigError } from "@edgemere/protocol/config";
import { SECOND } from "@edgemere/protocol/kit";
import { mayCutOff, mistakeInSetting } from "../../settings.ts";
import { mistakeInWithin } from "../changes/wanted-change.ts";
import type { Handler } from "./handler.ts";

/** Of a control plane that does not say how long a session may take to begin. */
const USUAL_WITHIN = 120 * SECOND;

/** Sets what of the agent may be set from far away: all that is asked for, or nothing. What may cut it off stays when a session begins with it. */
export const configure: Handler<"configure"> = {
  check: ({ set, reset, confirmWithinMs }) => {
    const names = [...set.map(({ name }) => name), ...reset];
    if (names.length === 0) return "set, reset: nothing is named";
    const twice = names.find((name, place) => names.indexOf(name) < place);
    if (twice !== undefined) return `${twice}: is named twice`;
    const empty = set.find(({ values }) => values.length === 0);
    if (empty !== undefined) return `${empty.name}: has no value; what the host says comes back by reset`;
    const mistake = names.map(mistakeInSetting).find((each) => each !== undefined);
    return mistake ?? (confirmWithinMs ? mistakeInWithin(confirmWithinMs) : undefined);
  },
  run: async ({ set, reset, confirmWithinMs }, { settings, changes, command, signal }) => {
    if (settings === undefined) return { reason: "unsupported", detail: "this agent has no settings of its own" };
    const wanted = { set: Object.fromEntries(set.map(({ name, values }) => [name, [...values]])), reset: [...reset] };
    const now = () => Object.entries(settings.over).map(([name, values]) => ({ name, values: [...values] }));
    try {
      if (!mayCutOff(wanted)) {
        const hasChanged = await settings.change(wanted);
        return { result: { settings: now(), hasChanged } };
      }
      // A former run of the agent may have begun it.
      const before = await changes.outcomeOf(command, signal);
      if (before === undefined && settings.undoOf(wanted) === undefined)
        return { result: { settings: now(), hasChanged: false } };
      const within = confirmWithinMs || USUAL_WITHIN;
      const outcome = before ?? (await changes.carryOut({ command, within, settings: wanted }, signal));
      if (!outcome.isKept) return { reason: outcome.reason, detail: outcome.detail };
      return { result: { settings: now(), hasChanged: true, confirmedAfterMs: outcome.afterMs } };
    } catch (error) {
      if (error instanceof ConfigError) return { reason: "bad-arguments", detail: error.message };
      throw error;
    }
  },
};
