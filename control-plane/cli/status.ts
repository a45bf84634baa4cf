import { ProblemError } from "../src/faces/client.ts";
import type { Entry } from "./entry.ts";

/** `edgemere status`: where commands go, and as whom. */
export const status: Entry = {
  words: ["status"],
  isEveryday: true,
  summary: "Show which control plane is used, whether it answers, and who you are there",
  declare: () => undefined,
  run: async (_, { client, target, output, say }) => {
    const { isSetUp, version } = await client.call("ia/status");
    const { actor, permissions } = await client.call("ia/whoami").catch((error: unknown) => {
      if (error instanceof ProblemError && error.kind === "not-signed-in") return { actor: "nobody", permissions: [] };
      throw error;
    });
    const context = target.context === undefined ? {} : { context: target.context };
    output.show("status", { server: target.server, ...context, version, isSetUp, actor, permissions });
    if (!isSetUp)
      say(`this control plane is new; make its first account with: edgemere setup --server ${target.server}`);
    else if (actor === "nobody") say(`you are not signed in; sign in with: edgemere signin --server ${target.server}`);
    return 0;
  },
};
