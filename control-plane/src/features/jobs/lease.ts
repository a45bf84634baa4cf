import { commandKinds, isCommandKind, type CommandState } from "@edgemere/protocol";
import { MINUTE, SECOND, type Loop } from "@edgemere/protocol/kit";
import { moved, put, removed, updated, type Change } from "../../platform/change.ts";
import type { SessionNews } from "../../platform/feature.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import { command, rolloutTarget, type Command } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { advanced, endedJobs } from "./ending.ts";
import { woken } from "./tables.ts";

/** Until when a command's device owes a sign of progress. Renewed by every report of it; agents repeat theirs each 30 s. */
interface Lease {
  /** The command. */
  readonly id: string;
  readonly until: number;
  /** Whether the device was asked since the last sign. */
  readonly isAsked: boolean;
}

const leases = table<Lease>("commandlease", { until: ({ until }) => [[until]] });
export const LEASE = 3 * MINUTE;

/** Whether somebody owes a sign: a queued command nobody knows, a journaled one waits for its lane as long as it takes. */
const isLeased = (state: CommandState) => state === "offered" || state === "running";

export const renewed = ({ id, state }: Pick<Command, "id" | "state">, now: number): Change =>
  isLeased(state) ? put(leases, { id, until: now + LEASE, isAsked: false }) : removed(leases, id);

interface Lapsed {
  readonly state: CommandState | undefined;
  readonly isConnected: boolean;
  readonly isAsked: boolean;
}

/**
 * What follows when no sign came in time. A device that is away is waited for: only the command's last deadline ends
 * it. One that is there is asked once more with a Sync; what it was sent and does not take runs into its own deadline.
 */
export function afterLapse({ state, isConnected, isAsked }: Lapsed): "forget" | "wait" | "ask" | "lose" {
  if (state === undefined || !isLeased(state)) return "forget";
  if (!isConnected) return "wait";
  return isAsked && state === "running" ? "lose" : "ask";
}

type Memory = Partial<Pick<NonNullable<SessionNews["hello"]>, "openCommands" | "commandHighSequence" | "isRestored">>;

/**
 * What a device's Hello means for a command it was sent. One that it remembers is leased anew. One that it has forgotten
 * is sent again where doing it twice is doing it once, and is lost otherwise: it may have been done.
 */
export function afterHello(
  { id, kind, state, sequence }: Pick<Command, "id" | "kind" | "state" | "sequence">,
  { openCommands, commandHighSequence, isRestored }: Memory,
): "renew" | "nothing" | "lose" {
  if (state === "queued" || command.life.isFinal(state)) return "nothing";
  if (openCommands?.includes(id)) return "renew";
  const wasTaken = state === "journaled" || state === "running";
  const isForgotten = isRestored !== undefined || (wasTaken && (commandHighSequence ?? Infinity) < sequence);
  return isForgotten && !mayRunTwice(kind) ? "lose" : "nothing";
}

/** Whether doing it twice is doing it once. */
export const mayRunTwice = (kind: string) =>
  isCommandKind(kind) && ["converge", "probe"].includes(commandKinds[kind].onInterrupt);

/** Leases and losses that follow from what a device says it remembers; rollouts that waited for it look at it anew. */
export async function receiveHello(
  { device, hello }: SessionNews,
  { store, clock }: JobsContext,
): Promise<readonly Change[]> {
  if (hello === undefined) return [];
  const now = clock.now();
  const changes: Change[] = [];
  const lost = new Map<string, Command>();
  for await (const row of store.scan(command, { index: "open", prefix: [device] })) {
    const next = afterHello(row, hello);
    if (next === "renew") changes.push(renewed(row, now));
    if (next !== "lose") continue;
    changes.push(moved(command, row, "lose", { reason: "device-restored", finishedAt: now }));
    lost.set(row.id, { ...row, state: "lost" });
  }
  for await (const row of store.scan(rolloutTarget, { index: "offline", prefix: [device] }))
    changes.push(updated(rolloutTarget, row, { notBefore: now }), woken(row.rollout));
  return [...changes, ...(await endedJobs(store, lost))];
}

/** Asks after commands that are silent, and ends those of which their device, though there, says nothing. */
export const lookAfterLeases = ({ store, clock, link, log }: JobsContext): Loop => ({
  name: "look after command leases",
  every: 10 * SECOND,
  onError: (error) => log.error("loop failed", { loop: "look after command leases", error }),
  step: async () => {
    for await (const lease of store.scan(leases, { index: "until" })) {
      const now = clock.now();
      if (lease.until > now) return "settled";
      await repeatOnConflict(async () => {
        const row = await store.get(command, lease.id);
        const isConnected = row !== undefined && link.session(row.device) !== undefined;
        const next = afterLapse({ state: row?.state, isConnected, isAsked: lease.isAsked });
        if (next === "forget" || row === undefined) return store.commit(removed(leases, lease.id));
        if (next === "lose")
          return store.commit(...(await advanced(store, row, "lose", { reason: "no-progress", finishedAt: now })));
        await store.commit(put(leases, { ...lease, until: now + LEASE, isAsked: next === "ask" }));
        if (next === "ask") link.resync(row.device);
      });
    }
    return "settled";
  },
});
