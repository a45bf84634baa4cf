import { ConfigError } from "@edgemere/protocol/config";
import { mistakeInSetting } from "../../settings.ts";
import type { Handler } from "./handler.ts";

/** Sets what of the agent may be set from far away: all that is asked for, or nothing. */
export const configure: Handler<"configure"> = {
  check: ({ set, reset }) => {
    const names = [...set.map(({ name }) => name), ...reset];
    if (names.length === 0) return "set, reset: nothing is named";
    const twice = names.find((name, place) => names.indexOf(name) < place);
    if (twice !== undefined) return `${twice}: is named twice`;
    const empty = set.find(({ values }) => values.length === 0);
    if (empty !== undefined) return `${empty.name}: has no value; what the host says comes back by reset`;
    return names.map(mistakeInSetting).find((each) => each !== undefined);
  },
  run: async ({ set, reset }, { settings }) => {
    if (settings === undefined) return { reason: "unsupported", detail: "this agent has no settings of its own" };
    try {
      const wanted = Object.fromEntries(set.map(({ name, values }) => [name, [...values]]));
      const hasChanged = await settings.change({ set: wanted, reset: [...reset] });
      const held = Object.entries(settings.over).map(([name, values]) => ({ name, values: [...values] }));
      return { result: { settings: held, hasChanged } };
    } catch (error) {
      if (error instanceof ConfigError) return { reason: "bad-arguments", detail: error.message };
      throw error;
    }
  },
};
