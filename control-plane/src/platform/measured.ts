import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { AnyAction } from "./action.ts";
import type { Database } from "./database.ts";
import type { Dispatch } from "./dispatch.ts";
import { Counter, Durations, type Family } from "./figures.ts";
import { Problem } from "./problem.ts";

interface Measured<T> {
  readonly measured: T;
  readonly figures: () => readonly Family[];
}

/** Rate, errors and durations of every action by the road it was asked on. An address that nobody declared stands under "unknown". */
export function measuredDispatch(
  dispatch: Dispatch,
  { actions, clock }: { readonly actions: readonly AnyAction[]; readonly clock: Clock },
): Measured<Dispatch> {
  const known = new Set(actions.map(({ path }) => path as string));
  const requests = new Counter(
    {
      name: "edgemere_requests",
      help: "Actions that were asked for, by how they ended: ok, or the type of the problem",
    },
    ["action", "face", "outcome"],
  );
  const durations = new Durations({ name: "edgemere_request_duration_seconds", help: "How long actions took" }, [
    "action",
    "face",
  ]);
  return {
    measured: async (path, input, caller) => {
      const startedAt = clock.monotonic();
      const action = known.has(path) ? path : "unknown";
      let outcome = "internal";
      try {
        const output = await dispatch(path, input, caller);
        outcome = "ok";
        return output;
      } catch (error) {
        if (error instanceof Problem) outcome = error.type;
        throw error;
      } finally {
        requests.add([action, caller.via, outcome]);
        durations.observe((clock.monotonic() - startedAt) / SECOND, [action, caller.via]);
      }
    },
    figures: () => [requests.figure(), durations.figure()],
  };
}

/** What is written, and how long the disk takes to make it durable. */
export function measuredDatabase<D extends Database>(database: D, clock: Clock): Measured<Database> {
  const commits = new Durations({
    name: "edgemere_commit_duration_seconds",
    help: "How long batches took to be durable on the disk; many commits share one",
  });
  const written = new Counter({ name: "edgemere_written_bytes", help: "Keys and values that were written" });
  const failures = new Counter({ name: "edgemere_commit_failures", help: "Batches that could not be written" });
  failures.add([], 0);
  return {
    measured: {
      get: (key) => database.get(key),
      getMany: (keys) => database.getMany(keys),
      keys: (range) => database.keys(range),
      entries: (range) => database.entries(range),
      close: () => database.close(),
      batch: async (operations) => {
        const startedAt = clock.monotonic();
        try {
          await database.batch(operations);
        } catch (error) {
          failures.add();
          throw error;
        }
        commits.observe((clock.monotonic() - startedAt) / SECOND);
        written.add(
          [],
          operations.reduce((sum, each) => sum + each.key.length + (each.type === "put" ? each.value.length : 0), 0),
        );
      },
    },
    figures: () => [commits.figure(), written.figure(), failures.figure()],
  };
}
