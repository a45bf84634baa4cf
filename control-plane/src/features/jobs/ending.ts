import type { CommandSignal } from "@edgemere/protocol";
import { moved, put, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { isOver, outcomeOf } from "./command.ts";
import { command, job, type Command } from "./contract.ts";
import { endedParts, woken } from "./tables.ts";

/** A command moved, and its job with it when that was the last one: one commit. */
export async function advanced(
  store: Store,
  row: Command,
  signal: CommandSignal,
  patch: Partial<Command>,
): Promise<readonly Change[]> {
  const state = command.life.next(row.state, signal);
  const change = moved(command, row, signal, patch);
  return [change, ...(await endedJobs(store, new Map([[row.id, { ...row, state }]])))];
}

/** Ends the jobs whose last commands ended with these changes, of which the store knows nothing yet. */
export async function endedJobs(store: Store, changed: ReadonlyMap<string, Command>): Promise<readonly Change[]> {
  const ended = [...changed.values()].filter(({ state }) => command.life.isFinal(state));
  const changes = await Promise.all(
    [...new Set(ended.map((row) => row.job))].map(async (id) => {
      const parent = await store.get(job, id);
      if (parent === undefined || isOver(parent)) return [];
      // The only one of a job for one device is at hand.
      const own = ended.filter((row) => row.job === id);
      const commands = parent.devices.length === own.length ? own : await commandsOf(store, id);
      const outcome = outcomeOf(commands.map((each) => (changed.get(each.id) ?? each).state));
      if (outcome === undefined) return [];
      const { rollout } = parent;
      const parts = rollout === undefined ? [] : commands.map((each) => ({ id, rollout, command: each.id }));
      return [
        moved(job, parent, outcome),
        ...parts.map((part) => put(endedParts, part)),
        ...(rollout === undefined ? [] : [woken(rollout)]),
      ];
    }),
  );
  return changes.flat();
}

export async function commandsOf(store: Store, id: string): Promise<Command[]> {
  const rows: Command[] = [];
  for await (const row of store.scan(command, { index: "job", prefix: [id] })) rows.push(row);
  return rows;
}
