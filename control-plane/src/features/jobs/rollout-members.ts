import { createHash } from "node:crypto";
import { device, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf, zoneNameOf } from "../devices/selector-contract.ts";
import { rollout, rolloutTarget, type RolloutPlan } from "./contract.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { undoingWave } from "./rollout-undoing.ts";
import type { JobsContext } from "./context.ts";
import { blockOf, isHopeless, type Look } from "./rollout-blocks.ts";
import { reachedBy, surveyOf } from "./rollout-facts.ts";
import type { RolloutSpec } from "./rollout-spec-contract.ts";
import { assignWaves, wavesOf } from "./rollout-waves.ts";
import { targetId, type Member } from "./tables.ts";

/** A rollout before it is one. */
export type Wish = Pick<
  RolloutPlan,
  | "kind"
  | "arguments"
  | "selector"
  | "devices"
  | "mode"
  | "spec"
  | "author"
  | "account"
  | "grants"
  | "secretNames"
  | "undoes"
>;

/** A device that would be touched, and what stands in its way now. */
export interface Sighted {
  readonly member: Member;
  readonly name: string;
  readonly block: Look | undefined;
  readonly zone: string;
}

/** What a device is, for those who compare it and for the budget of its place. */
export function membershipOf(
  { labels, inventory }: Pick<Device, "labels" | "inventory">,
  { budget, canary }: RolloutSpec,
): Pick<Member, "place" | "stratum"> {
  const fact = canary?.stratum === undefined ? undefined : inventory[canary.stratum];
  return {
    place: budget === undefined ? "" : (labels[budget.label] ?? ""),
    stratum: fact === undefined ? "" : String(fact),
  };
}

/**
 * Whoever is picked, with the wave of each, by id. What stands in the way is found out as a rollout finds it out, or of it only what
 * stands there for good: that is in a device's own row.
 */
export async function sightedBy(
  wish: Wish,
  seed: string,
  context: JobsContext,
  looking: "whole" | "for good" = "whole",
): Promise<readonly Sighted[]> {
  const waves = wavesOf(wish.spec);
  const selectors = waves.map(({ selector }) => (selector === undefined ? undefined : compileSelector(selector)));
  const { undoes, ...rest } = wish;
  const undoing = undoes === undefined ? {} : { undoes: { rollout: undoes, isComplete: true } };
  const survey = await surveyOf(
    {
      ...rest,
      ...undoing,
      id: "",
      state: "running",
      opened: 1,
      waves: [],
      pausedBy: "",
      // It is found out with all of them whether a second person is asked.
      isApprovalNeeded: true,
      pace: { at: context.clock.now(), allowance: Number.MAX_SAFE_INTEGER },
    },
    { do: "go on", why: "wave" },
    context,
  );
  const found: Omit<Sighted, "block">[] = [];
  const blocks: (Look | undefined)[] = [];
  const picked: Parameters<typeof assignWaves>[0][number][] = [];
  for await (const row of pickedDevices(wish, context)) {
    const member = { ...membershipOf(row, wish.spec), device: row.id, wave: 0, obstacle: "" };
    const target = { ...member, state: "queued", notBefore: 0, reason: "", detail: "" } as const;
    const block = blockOf(looking === "whole" ? (await survey.look(target, row))() : survey.known(target, row));
    const view = viewOf(row);
    const matches = selectors.flatMap((selector, wave) => (selector?.matches(view) === true ? [wave] : []));
    const draw = createHash("sha256").update(`${seed} ${row.id}`).digest("hex");
    picked.push({ device: row.id, stratum: member.stratum, matches, draw });
    found.push({ member, name: row.name, zone: wish.spec.timeZone ?? zoneNameOf(row) });
    blocks.push(block);
  }
  const assigned =
    wish.undoes === undefined ? assignWaves(picked, waves) : await undoneWaves(wish.undoes, picked, context);
  return found.map((each, place) => {
    const block = blocks[place];
    const obstacle = block !== undefined && isHopeless(block.reason) ? block.reason : "";
    return { ...each, block, member: { ...each.member, obstacle, wave: assigned[place] ?? 0 } };
  });
}

/** Whether a device is picked: it matches, is there, and whoever asks may ask it this. */
export function picksOf(
  { selector, grants, kind, spec }: Pick<Wish, "selector" | "grants" | "kind" | "spec">,
  context: JobsContext,
): (row: Device) => boolean {
  const expression = selector === undefined ? undefined : compileSelector(selector);
  const isReached = reachedBy({ grants, kind, spec }, context);
  return (row) => row.state !== "retired" && expression?.matches(viewOf(row)) !== false && isReached(row);
}

/** Throws Problem where somebody may not undo a rollout everywhere: then nobody could say that it was undone. */
export async function refuseInPart(wish: Wish, id: string, context: JobsContext): Promise<void> {
  const isReached = reachedBy(wish, context);
  let missing = 0;
  for await (const row of named(await begunOf(id, context.store), context.store))
    if (row.state !== "retired" && !isReached(row)) missing++;
  if (missing > 0)
    throw new Problem("forbidden", `${wish.author} may not ask ${wish.kind} of ${missing} of its devices`);
}

/** Devices that are picked, of those that are named where some are. */
async function* pickedDevices(wish: Wish, context: JobsContext) {
  const { store } = context;
  const isPicked = picksOf(wish, context);
  const ids = wish.undoes === undefined ? wish.devices : await begunOf(wish.undoes, store);
  const rows = ids === undefined ? store.scan(device) : named(ids, store);
  for await (const row of rows) if (isPicked(row)) yield row;
}

/** The devices that had begun, of a rollout that is to be undone. */
async function begunOf(id: string, store: JobsContext["store"]): Promise<readonly string[]> {
  const begun: string[] = [];
  for await (const { device: own, beganAt } of store.scan(rolloutTarget, { index: "rollout", prefix: [id] }))
    if (beganAt !== undefined) begun.push(own);
  return begun;
}

/** What began last is undone first. */
async function undoneWaves(
  id: string,
  picked: readonly { readonly device: string }[],
  { store }: JobsContext,
): Promise<readonly number[]> {
  const row = await resolve(store, rollout, id);
  const targets = picked.map(({ device: own }) => store.get(rolloutTarget, targetId(id, own)));
  return (await Promise.all(targets)).map((target) => undoingWave(row, target?.wave ?? 0));
}

async function* named(ids: readonly string[], store: JobsContext["store"]): AsyncGenerator<Device> {
  for (const id of [...ids].toSorted()) {
    const row = await store.get(device, id);
    if (row !== undefined) yield row;
  }
}

/** SHA-256 over who is picked and what stands in the way for good; hex. */
export function hashOf(members: readonly Pick<Member, "device" | "obstacle">[]): string {
  const hash = createHash("sha256");
  for (const { device: id, obstacle } of members) hash.update(`${id}\0${obstacle}\n`);
  return hash.digest("hex");
}
