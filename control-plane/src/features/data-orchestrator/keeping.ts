import { createHash } from "node:crypto";
import { MINUTE } from "@edgemere/protocol/kit";
import { created, unmoved, updated, type Change } from "../../platform/change.ts";
import { dataSource, placeOf, type Data } from "../data-catalogue/contract.ts";
import { bookings } from "./capacity.ts";
import { refusalOf } from "./conflict-words.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataRequest, dataReservation, type DataInstance, type DataRequest } from "./contract.ts";
import { instancesOf, removal } from "./ending.ts";
import { pauseAfter } from "./errands.ts";
import { AWAY } from "./instance-life.ts";
import { leftInPlace, toBePlaced } from "./instances.ts";
import { plan, type Content, type PlanStep, type Surroundings } from "./planning.ts";
import { declaredPolicy } from "./placement-policy.ts";
import { contentsOf, surroundingsOf } from "./survey.ts";
import type { Lookout } from "./tables.ts";

/** A device that is away for less is waited for: a copy that comes back by itself costs nothing. */
const AWAY_FOR = 15 * MINUTE;
/** New data that a request speaks of is looked for so often. */
const LOOKED_FOR_EVERY = 5 * MINUTE;
// Copies that one commit begins to make.
const STEP = 100;

/**
 * Keeps the copies of a satisfied request as many as they must be: looks where something changed, and from time to time at everything.
 * Gives when to look next if nothing changes before.
 */
export async function keep(
  request: DataRequest,
  { lookedAt = 0, seen }: Lookout,
  found: (query: string) => Promise<readonly Data[]>,
  context: DataOrchestratorContext,
): Promise<Lookout> {
  const { store, clock } = context;
  const now = clock.now();
  const instances = await instancesOf(request, store);
  // Whoever waits for the next try looks at once when something changed meanwhile: what is missing may be back by itself.
  const dueAt = request.nextTryAt ?? lookedAt + LOOKED_FOR_EVERY;
  if (now < dueAt && seen === sightOf(instances, now))
    return { id: request.id, at: nextLook(instances, dueAt, now), lookedAt, seen };
  const cause = await mend(request, instances, await contentsOf(await found(request.query), store), context);
  const after = await instancesOf(request, store);
  const tries = cause === "" ? 0 : (request.tries ?? 0) + 1;
  const { nextTryAt: _, ...rest } = request;
  const again = cause === "" ? {} : { nextTryAt: now + pauseAfter(tries) };
  const isNews = cause !== "" || (request.cause ?? "") !== "";
  if (isNews) await store.commit(updated(dataRequest, rest, { cause, tries, ...again }));
  const at = nextLook(after, again.nextTryAt ?? now + LOOKED_FOR_EVERY, now);
  return { id: request.id, at, lookedAt: now, seen: sightOf(after, now) };
}

/** When nothing is told of it: then, or when one of those that are away has been so for too long. */
const nextLook = (instances: readonly DataInstance[], then: number, now: number): number =>
  Math.min(
    then,
    ...instances.filter((each) => isAway(each) && !isOver(each, now)).map(({ lostAt = 0 }) => lostAt + AWAY_FOR),
  );

const isAway = ({ state, cause }: DataInstance): boolean => state === "lost" && cause === AWAY;

/** How the instances of a request are, in few digits: another sight is a reason to look at everything. */
const sightOf = (instances: readonly DataInstance[], now: number): string =>
  createHash("sha256")
    .update(instances.map((each) => `${each.id} ${each.state} ${isOver(each, now)}`).join("\n"))
    .digest("hex");

/** Whether an instance counts no more: outdated, damaged, or away for too long. */
function isOver(one: DataInstance, now: number): boolean {
  if (one.state === "stale") return true;
  return one.state === "lost" && (!isAway(one) || now - (one.lostAt ?? 0) >= AWAY_FOR);
}

/** Makes what is missing and takes away what is too much; gives why it could not, or nothing. */
async function mend(
  request: DataRequest,
  instances: readonly DataInstance[],
  contents: readonly Content[],
  context: DataOrchestratorContext,
): Promise<string> {
  const { store, clock } = context;
  const { purpose, author } = request;
  const wanted = { ...purpose, author };
  const world = await surroundingsOf(wanted, contents, context);
  const standing = instances.filter((each) => !isOver(each, clock.now())).toSorted(byWorth);
  // Two on one device, as where a place was taken anew and the copy from before came back, are one.
  const isFirst = (one: DataInstance, i: number) =>
    standing.findIndex((each) => each.hash === one.hash && placeAt(each) === placeAt(one)) === i;
  const good = standing.filter(isFirst);
  const byHash = new Map(good.map(({ hash }) => [hash, good.filter((each) => each.hash === hash)]));
  const steps: PlanStep[] = [];
  let cause = "";
  for (const content of contents) {
    const there = byHash.get(content.hash) ?? [];
    const missing = purpose.copies - there.length;
    if (missing <= 0) continue;
    const planned = plan(
      [content],
      { copies: missing, use: purpose.use, budget: purpose.budget },
      without(there, world, content),
    );
    if ("steps" in planned) steps.push(...planned.steps);
    else cause ||= refusalOf(planned.conflict, { wish: { ...purpose, copies: missing }, wanted }, [content], world);
  }
  for (let i = 0; i < steps.length; i += STEP) await begin(request, steps.slice(i, i + STEP), context);
  // Nothing is taken away before what takes its place stands there.
  const spare = [
    ...standing.filter((one, i) => !isFirst(one, i)),
    ...[...byHash.values()].flatMap((of) => surplus(of, purpose.copies)),
  ];
  const replaced = instances.filter((each) => isOver(each, clock.now()));
  for (const each of [...replaced, ...spare])
    if (spare.includes(each) || isReplaced(each, good, contents, purpose.copies))
      await store.commit(...(await removal(each, context)));
  return cause;
}

const placeAt = ({ device, source }: Pick<DataInstance, "device" | "source">): string => placeOf(device, source);

/** The world without the places that have a copy for this request already. */
const without = (there: readonly DataInstance[], world: Surroundings, content: Content): Surroundings => {
  const taken = new Set(there.map(placeAt));
  return {
    ...world,
    places: world.places.filter(({ source }) => !taken.has(placeOf(source.device, source.id))),
    hindranceOf: (data, target) =>
      target === undefined && taken.has(placeAt(data)) && content.holders.includes(data)
        ? "it is used there already"
        : world.hindranceOf(data, target),
  };
};

/** An instance that is over can go when its content is wanted no more, or enough others are ready. */
const isReplaced = (
  { hash, data }: DataInstance,
  good: readonly DataInstance[],
  contents: readonly Content[],
  copies: number,
): boolean => {
  const ready = good
    .filter((each) => each.data === data || each.hash === hash)
    .filter(({ state }) => state === "ready");
  return ready.length >= copies || !contents.some((content) => content.hash === hash || holds(content, data));
};
const holds = ({ holders }: Content, data: string) =>
  holders.some(({ id, lineage }) => id === data || lineage?.data === data);

/** What is more than is wanted, once enough is ready. */
const surplus = (of: readonly DataInstance[], copies: number): readonly DataInstance[] =>
  of.filter(({ state }) => state === "ready").length >= copies ? of.slice(copies) : [];

/** What lies there by itself stays longest, then what is ready, then the oldest. */
const byWorth = (a: DataInstance, b: DataInstance): number => rank(a) - rank(b) || (a.id < b.id ? -1 : 1);
const rank = ({ decision, state }: DataInstance) => (decision === "leave" ? 0 : 1) + (state === "ready" ? 0 : 2);

/** Reservations that are decided as they are made, with their instances. */
async function begin(
  request: DataRequest,
  steps: readonly PlanStep[],
  context: DataOrchestratorContext,
): Promise<void> {
  const { store, clock, newId, placementPolicy = declaredPolicy } = context;
  const now = clock.now();
  const judge = await placementPolicy(context);
  const { use } = request.purpose;
  const changes: Change[] = [];
  const taken: { readonly source: string; readonly bytes: number }[] = [];
  for (const { data, target, cost } of steps) {
    const { decision, reason } = judge({ data, target, use, author: request.author });
    const draft = {
      data: data.id,
      source: data.source,
      ...(target !== undefined && { target: target.id }),
      request: request.id,
      decision,
      cost,
      expiresAt: now,
      reason: `to keep ${request.purpose.copies}: ${reason}`,
    };
    changes.push(created(dataReservation, newId(), draft, "confirmed"));
    if (target !== undefined) {
      changes.push(await toBePlaced(newId(), { piece: data, target, decision, request }, context));
      if (decision !== "mount") taken.push({ source: target.id, bytes: cost.bytes });
    } else {
      const folder = (await store.get(dataSource, data.source))?.path ?? "";
      changes.push(...(await leftInPlace(newId(), { piece: data, folder, request }, store)));
    }
  }
  const offers = taken.map((each) => ({ ...each, booking: "offer" as const }));
  const confirmed = taken.map((each) => ({ ...each, booking: "confirm" as const }));
  await store.commit(unmoved(dataRequest, request), ...changes, ...(await bookings([...offers, ...confirmed], store)));
}
