import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Unreachable } from "../../src/faces/client-problem.ts";
import { isRefusal } from "./refusal.ts";
import { markSessionEnded } from "./session.tsx";

/** The answers on the screen. A session that ended sends to the sign-in, from wherever it shows. */
export function createQueries(): QueryClient {
  const onError = (error: unknown) => {
    if (!isRefusal(error, "not-signed-in")) return;
    markSessionEnded();
    void queries.invalidateQueries({ queryKey: ["ia/whoami"] });
  };
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({
      // Who signs in with a wrong password had no session to lose.
      onError: (error, _input, _context, { options }) => {
        if (options.mutationKey?.[0] !== "ia/signin") onError(error);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // A refusal stays one; only silence is worth another try.
        retry: (failures, error) => error instanceof Unreachable && failures < 2,
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
  return queries;
}
