import { SECOND } from "@edgemere/protocol/kit";
import type { Handler } from "./handler.ts";

/** Says that commands arrive and answers come back. */
export const ping: Handler<"ping"> = {
  run: async (_given, { uptime }) => ({ result: { uptimeSeconds: uptime() / SECOND } }),
};
