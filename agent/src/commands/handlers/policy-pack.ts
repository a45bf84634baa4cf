import type { Handler } from "./handler.ts";

/** Has this device watch other policies by itself: all of them, or those that it had. */
export const policyPack: Handler<"policy.pack"> = {
  run: async (pack, { policies }) => {
    const refusal = await policies.take(pack);
    return refusal ?? { result: { version: pack.version } };
  },
};
