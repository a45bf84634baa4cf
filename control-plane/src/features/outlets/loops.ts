import { MINUTE, pauseBefore, SECOND, type Loop } from "@edgemere/protocol/kit";
import type { OutputOf } from "../../platform/action.ts";
import { askItself } from "../../platform/dispatch.ts";
import { created, moved, put } from "../../platform/change.ts";
import { device } from "../devices/contract.ts";
import { readArrivals } from "../telemetry-aggregator/contract.ts";
import type { Answer, OutletsContext, Target } from "./context.ts";
import { outlet } from "./contract.ts";
import type { Sending } from "./point.ts";
import { send } from "./sending.ts";
import { positions } from "./tables.ts";
import { reasonOf } from "./verdict.ts";

const EVERY = 2 * SECOND;
const BACKOFF = { first: 2 * SECOND, longest: 2 * MINUTE };
const LONGEST_WISH = 10 * MINUTE;
/** Arrivals of one step: all that is held in memory, however far behind an outlet is. */
const ARRIVALS = 200;
const REASON_LENGTH = 200;

type Arrivals = OutputOf<typeof readArrivals>;

/** Sends on what arrived, in that order, each at least once. Where it is, is kept: a restart goes on there. */
export function sendOn(target: Target, context: OutletsContext): Loop {
  const { store, clock, log, random, outlets } = context;
  const { name } = target;
  let failures = 0;
  let notBefore = -Infinity;

  const postpone = async (answer: Answer) => {
    const pause = pauseBefore(failures++, BACKOFF, random);
    notBefore = clock.monotonic() + Math.max(pause, Math.min(answer.retryAfter ?? 0, LONGEST_WISH));
    const reason = `${reasonOf(answer)}: ${answer.text}`.slice(0, REASON_LENGTH);
    const row = await store.get(outlet, name);
    if (row?.state !== "working") return;
    log.warn("telemetry is not taken outside", { outlet: name, url: target.url, reason });
    await store.commit(moved(outlet, row, "fail", { reason }));
  };
  const work = async () => {
    failures = 0;
    const row = await store.get(outlet, name);
    if (row?.state === "failing") await store.commit(moved(outlet, row, "recover", { reason: "" }));
  };

  return {
    name: `send telemetry on by ${name}`,
    every: EVERY,
    onError: (error) => log.error("loop failed", { loop: `send telemetry on by ${name}`, error }),
    step: async () => {
      if (clock.monotonic() < notBefore) return "settled";
      if ((await store.get(outlet, name)) === undefined) await store.commit(created(outlet, name, { reason: "" }));
      const begun = await store.get(positions, name);
      const before = begun ?? { id: name, sentUpTo: clock.now() };
      // What was there before anybody wanted it stays where it is.
      if (begun === undefined) await store.commit(put(positions, before));
      const { arrivals, position } = await arrivedAfter(before, context);
      const [first] = arrivals;
      outlets.tally.waits(name, first?.arrivedAt);
      if (first === undefined) {
        // What came there is not kept any more.
        if (position === before.position || begun === undefined) return "settled";
        await store.commit(put(positions, { ...before, position }));
        return "settled";
      }
      const answer = await send(target, await withDevices(arrivals, context), context);
      if (answer !== undefined) {
        if (answer.isGivenUp !== true) await postpone(answer);
        return "settled";
      }
      await work();
      const sentUpTo = arrivals.at(-1)?.arrivedAt ?? first.arrivedAt;
      await store.commit(put(positions, { id: name, sentUpTo, position }));
      outlets.tally.waits(name, undefined);
      return "more";
    },
  };
}

const arrivedAfter = async (
  { position, sentUpTo }: { readonly position?: string; readonly sentUpTo: number },
  context: OutletsContext,
): Promise<Arrivals> =>
  askItself(
    readArrivals,
    { ...(position === undefined ? { since: sentUpTo } : { after: position }), limit: ARRIVALS },
    context,
  );

/** A device that is gone is known by its id. */
async function withDevices(arrivals: Arrivals["arrivals"], { store }: OutletsContext): Promise<readonly Sending[]> {
  const known = new Map<string, Sending["device"]>();
  for (const { device: id } of arrivals)
    if (!known.has(id)) known.set(id, (await store.get(device, id)) ?? { id, name: "", labels: {} });
  return arrivals.map(({ device: id, series }) => ({ device: known.get(id) ?? { id, name: "", labels: {} }, series }));
}
