import { limits } from "@edgemere/protocol";
import type { Handler } from "./handler.ts";

/** Tells all that a source holds again, for a control plane that does not know where it stands. */
export const dataReport: Handler<"data.report"> = {
  check: ({ source }) =>
    source === "" || source.length > limits.nameLength ? "source: must name a data source of this device" : undefined,
  run: async ({ source }, { data }) => {
    const files = data.tellAll(source);
    if (files === undefined) return { reason: "not-found", detail: `there is no data source "${source}" here` };
    return { result: { files } };
  },
};
