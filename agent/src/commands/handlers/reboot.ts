import type { BoundaryHandler } from "./handler.ts";

/** Has the machine start anew. */
export const reboot: BoundaryHandler<"reboot"> = {
  before: (_given, { host }) => host.bootId(),
  run: async (_given, { host }) => {
    await host.reboot();
    return { result: {} };
  },
  after: async (_given, before, { host }) => {
    const after = await host.bootId();
    return after === before ? undefined : { result: { before, after } };
  },
  unproven: "not-rebooted",
};
