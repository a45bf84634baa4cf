import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import type { Backup } from "./contract.ts";

// A control plane that has just begun has other things to do, and hardly anything to lose.
const FIRST_AFTER = 10 * MINUTE;
const AGAIN_AFTER = HOUR;

interface Times {
  readonly now: number;
  /** When this process began. */
  readonly startedAt: number;
  readonly every: number | undefined;
}

/** Whether it is time for the next backup. `rows` are newest first. */
export function isDue(rows: readonly Backup[], { now, startedAt, every }: Times): boolean {
  if (every === undefined || rows.some(({ state }) => state === "making")) return false;
  const newest = rows[0];
  if (newest?.state === "failed" && now - newest.updatedAt < Math.min(AGAIN_AFTER, every)) return false;
  const last = rows.find(({ state }) => state === "ready");
  return last === undefined ? now - startedAt >= FIRST_AFTER : now - last.createdAt >= every;
}

/** Those that give way to newer ones: made by themselves, beyond `keep`. What a person asked for a person removes. */
export function superseded(rows: readonly Backup[], keep: number): readonly Backup[] {
  const beyond = (state: Backup["state"]) =>
    rows.filter((row) => row.state === state && row.origin === "schedule").slice(keep);
  return [...beyond("ready"), ...beyond("failed")];
}
