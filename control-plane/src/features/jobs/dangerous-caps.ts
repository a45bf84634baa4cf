import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { created, moved, replaced, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { table } from "../../platform/resource.ts";
import { commandCap } from "./contract.ts";
import type { JobsContext } from "./context.ts";

/** What one caller asked for of one kind, in the minute and the hour that began with the first. */
interface Asked {
  readonly id: string;
  readonly version: number;
  readonly minute: Span;
  readonly hour: Span;
}

interface Span {
  /** When it began. */
  readonly from: number;
  readonly count: number;
}

const askedCounts = table<Asked>("dangerousasked");
const DEFAULT_CAPS = { perMinute: 60, perHour: 1_000 };
const NEVER: Span = { from: -Infinity, count: 0 };

interface Wish {
  readonly actor: string;
  readonly kind: CommandKind;
}

/** The span with more in it, one unless told otherwise; a new one when the former is over. */
export const oneMore = ({ from, count }: Span, length: number, now: number, more = 1): Span =>
  now - from >= length || now < from ? { from: now, count: more } : { from, count: count + more };

/**
 * Counts a wish for a dangerous command, in the commit that grants it; nothing for one that is harmless. Throws Problem when the
 * caller has asked too often: a stolen credential commands a few devices, not a fleet.
 */
export async function countDangerous(
  { actor, kind, count = 1 }: Wish & { readonly count?: number },
  context: JobsContext,
): Promise<readonly Change[]> {
  if (!commandKinds[kind].dangerous) return [];
  const { store, clock, dangerousCaps: caps = DEFAULT_CAPS } = context;
  const now = clock.now();
  const id = `${actor}/${kind}`;
  const before = (await store.get(askedCounts, id)) ?? { id, version: 0, minute: NEVER, hour: NEVER };
  const minute = oneMore(before.minute, MINUTE, now, count);
  const hour = oneMore(before.hour, HOUR, now, count);
  const isOver = minute.count > caps.perMinute || hour.count > caps.perHour;
  if (!isOver) return [replaced(askedCounts, { id, version: before.version + 1, minute, hour }, before.version)];
  const limit = minute.count > caps.perMinute ? `${caps.perMinute} a minute` : `${caps.perHour} an hour`;
  await tell({ actor, kind }, limit, context);
  throw new Problem(
    "too-many-requests",
    `${actor} asked for ${kind} too often: ${limit} is the limit; whoever runs the control plane may raise it with --dangerous-per-minute and --dangerous-per-hour`,
  );
}

/** How many more of a kind a caller may ask for now, and when there will be more if that is none. */
export async function roomFor(
  { actor, kind }: Wish,
  { store, clock, dangerousCaps: caps = DEFAULT_CAPS }: JobsContext,
): Promise<{ readonly most: number; readonly until: number }> {
  const now = clock.now();
  if (!commandKinds[kind].dangerous) return { most: Infinity, until: now };
  const asked = await store.get(askedCounts, `${actor}/${kind}`);
  const left = ({ from, count }: Span, length: number, limit: number) =>
    now - from >= length || now < from
      ? { most: limit, until: now }
      : { most: Math.max(0, limit - count), until: from + length };
  const spans = [left(asked?.minute ?? NEVER, MINUTE, caps.perMinute), left(asked?.hour ?? NEVER, HOUR, caps.perHour)];
  const full = spans.filter(({ most }) => most === 0);
  return {
    most: Math.min(...spans.map(({ most }) => most)),
    until: Math.max(now, ...full.map(({ until }) => until)),
  };
}

/** Once a minute, however often it is tried. */
const tell = ({ actor, kind }: Wish, limit: string, { store, clock, log }: JobsContext): Promise<void> =>
  repeatOnConflict(async () => {
    const id = `${actor}/${kind}`;
    const row = await store.get(commandCap, id);
    if (row !== undefined && clock.now() - row.at < MINUTE) return;
    log.warn("somebody asks for dangerous commands too often", { actor, kind, limit });
    const said = { actor, kind, limit, at: clock.now() };
    await store.commit(row === undefined ? created(commandCap, id, said) : moved(commandCap, row, "repeat", said));
  });
