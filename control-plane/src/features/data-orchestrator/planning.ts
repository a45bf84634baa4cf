import { SECOND } from "@edgemere/protocol/kit";
import { placeOf, type Data, type DataSource } from "../data-catalogue/contract.ts";
import { openBytes } from "./capacity.ts";
import type { Use } from "./contract.ts";

/** What binds a plan. `smallestConflict` names those that cannot hold together. */
export const constraints = ["where", "copies", "room", "bytes", "money", "policy"] as const;
export type Constraint = (typeof constraints)[number];

/** Content that is wanted, and where it lies already. */
export interface Content {
  /** SHA-256, hex. */
  readonly hash: string;
  readonly bytes: number;
  /** At least one; all of the same content. */
  readonly holders: readonly Data[];
}

/** A source that takes data. */
export interface Place {
  readonly source: DataSource;
  readonly site: string;
}

export interface Wish {
  /** In how many places, no two of them on one device. */
  readonly copies: number;
  /** What may be moved and paid at most; no end where absent. */
  /** What becomes of what is brought: what is mounted takes no room, and nothing of it moves before it is read. */
  readonly use?: Use;
  readonly budget: { readonly bytes?: number; readonly money?: number };
}

/** What the plan may know of the world. */
export interface Surroundings {
  readonly places: readonly Place[];
  /** Whether a source, or its device, is one of those where data is wanted. */
  readonly isWanted: (device: string, source: string) => boolean;
  readonly siteOf: (device: string) => string;
  /** Why the policy does not let a piece of data be used at a place (undefined: where it lies); undefined when it may. */
  readonly hindranceOf: (data: Data, target: DataSource | undefined) => string | undefined;
}

export interface Cost {
  readonly bytes: number;
  /** Of what is mounted: what comes when all of it is read. */
  readonly readBytes?: number;
  readonly money: number;
  readonly milliseconds: number;
}

/** One copy: left where it lies, or brought to a target. */
export interface PlanStep {
  readonly data: Data;
  readonly target: DataSource | undefined;
  readonly cost: Cost;
}

export type Plan =
  | { readonly steps: readonly PlanStep[] }
  /** What cannot hold together: no smaller set of them is impossible. */
  | { readonly conflict: readonly Constraint[] };

const GIBIBYTE = 1024 ** 3;
// What a thin line of a site carries: an estimate for people, on which nothing depends.
const BYTES_IN_A_SECOND = 1024 ** 2;
export const nothing: Cost = { bytes: 0, money: 0, milliseconds: 0 };

/** What bringing so many bytes there costs. The price is the tag `cost` of the source: money for a GiB. */
export function costOf(bytes: number, { tags }: Pick<DataSource, "tags">): Cost {
  const price = Number(tags["cost"] ?? 0);
  const money = Number.isFinite(price) && price > 0 ? (bytes / GIBIBYTE) * price : 0;
  return { bytes, money, milliseconds: Math.ceil((bytes / BYTES_IN_A_SECOND) * SECOND) };
}

/** The same of a use: what is mounted costs nothing until it is read. */
const costOfUse = (bytes: number, source: DataSource, use: Use | undefined): Cost =>
  use === "mount" ? { ...nothing, readBytes: bytes } : costOf(bytes, source);

export const totalOf = (steps: readonly Pick<PlanStep, "cost">[]): Cost =>
  steps.reduce(
    (sum, { cost }) => ({
      bytes: sum.bytes + cost.bytes,
      ...(cost.readBytes !== undefined && { readBytes: (sum.readBytes ?? 0) + cost.readBytes }),
      ...(cost.readBytes === undefined && sum.readBytes !== undefined && { readBytes: sum.readBytes }),
      money: sum.money + cost.money,
      milliseconds: sum.milliseconds + cost.milliseconds,
    }),
    nothing,
  );

/** Where each content is to be used, as cheaply as it can be; or what makes that impossible. Moves nothing. */
export function plan(contents: readonly Content[], wish: Wish, world: Surroundings): Plan {
  const steps = stepsUnder(new Set(constraints), contents, wish, world);
  return steps === undefined ? { conflict: smallestConflict(contents, wish, world) } : { steps };
}

/** The smallest set of constraints under which there is no plan; of several the first. */
function smallestConflict(contents: readonly Content[], wish: Wish, world: Surroundings): readonly Constraint[] {
  const sets = Array.from({ length: 2 ** constraints.length }, (_, bits) =>
    constraints.filter((_constraint, i) => (bits & (1 << i)) !== 0),
  ).toSorted((a, b) => a.length - b.length);
  return sets.find((each) => stepsUnder(new Set(each), contents, wish, world) === undefined) ?? [];
}

/** The steps when only these constraints bind; undefined when there are none. The largest content chooses first, and the emptiest place takes it. */
function stepsUnder(
  binding: ReadonlySet<Constraint>,
  contents: readonly Content[],
  wish: Wish,
  world: Surroundings,
): readonly PlanStep[] | undefined {
  const open = new Map(world.places.map(({ source }) => [source.id, openBytes(source)]));
  const roomOf = (place: Place) => (binding.has("room") ? (open.get(place.source.id) ?? 0) : Infinity);
  const copies = binding.has("copies") ? wish.copies : 1;
  const steps: PlanStep[] = [];
  for (const content of contents.toSorted((a, b) => b.bytes - a.bytes || compare(a.hash, b.hash))) {
    const chosen = placesFor(content, copies, { binding, world, roomOf, use: wish.use });
    if (chosen === undefined) return undefined;
    for (const { target, cost } of chosen)
      if (target !== undefined) open.set(target.id, (open.get(target.id) ?? 0) - cost.bytes);
    steps.push(...chosen);
  }
  const { bytes, money } = totalOf(steps);
  const isWithin =
    (!binding.has("bytes") || bytes <= (wish.budget.bytes ?? Infinity)) &&
    (!binding.has("money") || money <= (wish.budget.money ?? Infinity));
  return isWithin ? steps : undefined;
}

interface Terms {
  readonly binding: ReadonlySet<Constraint>;
  readonly world: Surroundings;
  readonly roomOf: (place: Place) => number;
  readonly use: Use | undefined;
}

/** As many copies of one content as are wanted: those that lie where they are wanted cost nothing and come first. */
function placesFor(content: Content, copies: number, terms: Terms): readonly PlanStep[] | undefined {
  const { binding, world, roomOf, use } = terms;
  const costAt = (source: DataSource) => costOfUse(content.bytes, source, use);
  const isWanted = (at: string, source: string) => !binding.has("where") || world.isWanted(at, source);
  const may = (data: Data, target?: DataSource) =>
    !binding.has("policy") || world.hindranceOf(data, target) === undefined;
  const taken = new Set<string>();
  const steps: PlanStep[] = [];
  const take = (place: string, step: PlanStep) => {
    if (steps.length === copies || taken.has(place)) return;
    taken.add(place);
    steps.push(step);
  };
  for (const data of content.holders.toSorted((a, b) => compare(a.id, b.id)))
    if (isWanted(data.device, data.source) && may(data))
      take(placeOf(data.device, data.source), { data, target: undefined, cost: nothing });
  const sites = new Set(content.holders.map(({ device }) => world.siteOf(device)));
  const holding = new Set(content.holders.map(({ device, source }) => placeOf(device, source)));
  const rank = ({ source, site }: Place) => [costAt(source).money, sites.has(site) ? 0 : 1] as const;
  const free = world.places
    .filter(({ source }) => isWanted(source.device, source.id) && !holding.has(placeOf(source.device, source.id)))
    .filter((place) => roomOf(place) >= costAt(place.source).bytes)
    .toSorted((a, b) => byRank(rank(a), rank(b)) || byRoom(roomOf(a), roomOf(b)) || compare(a.source.id, b.source.id));
  for (const { source } of free) {
    const data = content.holders.find((each) => may(each, source));
    if (data !== undefined) take(placeOf(source.device, source.id), { data, target: source, cost: costAt(source) });
  }
  return steps.length === copies ? steps : undefined;
}

const byRank = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0] || a[1] - b[1];
/** The emptiest first; two without an end are the same. */
const byRoom = (a: number, b: number) => (a === b ? 0 : b - a);
export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
