import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { HOUR } from "@edgemere/protocol/kit";
import { handle, type InputOf, type Made, type OutputOf } from "../../platform/action.ts";
import { covers, maySomewhere, type Caller } from "../../platform/caller.ts";
import { created, put } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { compileSelector } from "../devices/selector-contract.ts";
import {
  blockReasons,
  createJob,
  isEnded,
  planJob,
  planUndo,
  rollout,
  rolloutPlan,
  rolloutTarget,
} from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { measuresOf } from "./canary.ts";
import { needsApproval } from "./creating.ts";
import { effectOf } from "./effects.ts";
import { withContent } from "./file-arguments.ts";
import { checkedArguments } from "./checked-arguments.ts";
import { kinds } from "./kinds.ts";
import { openingsAfter } from "./maintenance-window.ts";
import { kindsOf, policyFor } from "./rollout-facts.ts";
import { checkedSecrets, keptFor } from "./rollout-secrets.ts";
import { SEALED_BYTES } from "./secrets.ts";
import { hashOf, refuseInPart, sightedBy, type Sighted, type Wish } from "./rollout-members.ts";
import type { RolloutSpec } from "./rollout-spec-contract.ts";
import type { BlockReason } from "./rollout-words-contract.ts";
import { seen } from "./rollout-seeing.ts";
import { undoingSpec } from "./rollout-undoing.ts";
import { partId, planParts } from "./tables.ts";
import { wavesOf } from "./rollout-waves.ts";
import { zoneOf } from "../../platform/wall-clock.ts";

const KEPT_FOR = HOUR;
const MEMBERS_A_PART = 250;
const EXAMPLES = 5;
const ZONES = 10;

export const planHandler = handle(
  planJob,
  async (input, context: JobsContext, caller, made) =>
    planned(await wishOf(input, context, caller), input.secrets, context, made),
  shown,
);

export const planUndoHandler = handle(
  planUndo,
  async ({ rollout: id }, context: JobsContext, caller, made) => {
    const row = await seen(id, planUndo.permission, context, caller);
    const { rollback } = row.spec;
    if (rollback === undefined) throw new Problem("conflict", "this rollout does not say what undoes it");
    if (!isEnded(row.state))
      throw new Problem("conflict", `this rollout is ${row.state}: edgemere rollout rollback undoes it`);
    if (!rollout.life.can(row.state, "undo") || row.opened === 0)
      throw new Problem("conflict", `this rollout is ${row.state}: there is nothing to undo`);
    refuseUnlessAllowed(rollback.kind, caller);
    const { kind, arguments: given = {} } = rollback;
    const spec = undoingSpec(row);
    const wish: Wish = {
      kind,
      arguments: given,
      mode: "snapshot",
      spec,
      undoes: row.id,
      author: caller.actor,
      grants: grantsFor([kind], caller),
      ...(caller.account !== undefined && { account: caller.account }),
    };
    await refuseInPart(wish, row.id, context);
    return planned(wish, undefined, context, made);
  },
  shown,
);

/** A plan is kept with who is picked now, and told. */
async function planned(
  wish: Wish,
  secrets: Readonly<Record<string, string>> | undefined,
  context: JobsContext,
  made: Made,
): Promise<OutputOf<typeof planJob>> {
  const { store, clock, newId } = context;
  const id = `${kindsOf(wish).find((each) => commandKinds[each].dangerous) ?? wish.kind}.${newId()}`;
  const sighted = await sightedBy(wish, id, context);
  if (sighted.length === 0 && wish.mode === "snapshot")
    throw new Problem("conflict", "no device that you may ask this matches; look with: edgemere device list");
  const members = sighted.map(({ member }) => member);
  const parts = Math.ceil(members.length / MEMBERS_A_PART);
  for (let part = 0; part < parts; part++) {
    const some = members.slice(part * MEMBERS_A_PART, (part + 1) * MEMBERS_A_PART);
    await store.commit(put(planParts, { id: partId(id, part), members: some }));
  }
  const expiresAt = clock.now() + KEPT_FOR;
  const membership = hashOf(members);
  const row = created(rolloutPlan, id, { ...wish, membership, targets: members.length, parts, expiresAt });
  await store.commit(row, ...keptFor(id, secrets, context), made(id));
  return { plan: id, expiresAt, membership, ...(await toldOf(wish, sighted, context)) };
}

async function shown(id: string, context: JobsContext): Promise<OutputOf<typeof planJob>> {
  const plan = await resolve(context.store, rolloutPlan, id);
  const { expiresAt, membership } = plan;
  return { plan: id, expiresAt, membership, ...(await toldOf(plan, await sightedBy(plan, id, context), context)) };
}

/** What is asked for, checked: nothing of it is refused later that could be refused now. */
async function wishOf(input: InputOf<typeof planJob>, context: JobsContext, caller: Caller): Promise<Wish> {
  const { store, dispatch, clock } = context;
  const { selector, devices, kind, arguments: given = {}, secrets, mode = "snapshot", ...spec } = input;
  const asked = kindsOf({ kind, spec });
  for (const each of asked) refuseUnlessAllowed(each, caller);
  if (asked.includes("terminal.open"))
    throw new Problem(
      "invalid-input",
      "a terminal is for one device, and somebody sits at it: edgemere terminal DEVICE",
    );
  if (selector === undefined && devices === undefined)
    throw new Problem("invalid-input", 'tell which devices: a selector such as "site=berlin", or devices by name');
  if (mode === "continuous" && (selector === undefined || devices !== undefined))
    throw new Problem("invalid-input", "a continuous rollout takes a selector alone: who is named is known already");
  for (const each of [selector, ...(spec.waves ?? []).map((wave) => wave.selector)])
    if (each !== undefined) compileSelector(each);
  refuseContradictions(spec);
  const { canary } = spec;
  for (const [is, what, permission] of [
    [canary?.metric !== undefined, "telemetry", "telemetry:read"],
    [canary?.alerts === true, "alerts", "device:read"],
  ] as const)
    if (is && !maySomewhere(caller, permission))
      throw new Problem("forbidden", `${caller.actor} may not compare ${what}: it needs the permission ${permission}`);
  const ids = devices && (await Promise.all(devices.map(async (each) => (await resolve(store, device, each)).id)));
  const beside = secrets === undefined ? 0 : SEALED_BYTES;
  return {
    kind,
    arguments: await withContent(kind, checkedArguments(kind, given, clock.now(), { beside }), caller, { dispatch }),
    ...(secrets && { secretNames: checkedSecrets(kind, secrets, context) }),
    mode,
    spec: {
      ...spec,
      ...(spec.rollback && { rollback: await checkedRollback(spec.rollback, caller, { dispatch, clock }) }),
    },
    author: caller.actor,
    grants: grantsFor(asked, caller),
    ...(caller.account !== undefined && { account: caller.account }),
    ...(selector !== undefined && { selector }),
    ...(ids && { devices: [...new Set(ids)] }),
  };
}

async function checkedRollback(
  { kind, arguments: given = {} }: NonNullable<RolloutSpec["rollback"]>,
  caller: Caller,
  context: Pick<JobsContext, "dispatch" | "clock">,
) {
  const checked = checkedArguments(kind, given, context.clock.now(), { at: "/rollback/arguments" });
  return { kind, arguments: await withContent(kind, checked, caller, context) };
}

export function refuseUnlessAllowed(kind: CommandKind, caller: Caller): void {
  const { permission } = kinds[kind];
  if (!maySomewhere(caller, permission))
    throw new Problem("forbidden", `${caller.actor} may not ask for ${kind}: it needs the permission ${permission}`);
}

/** Of what a caller may do, as much as a rollout of these kinds needs. */
export function grantsFor(asked: readonly CommandKind[], { permissions, limited = [] }: Caller): Wish["grants"] {
  const needed = [createJob.permission, ...asked.map((kind) => kinds[kind].permission)];
  const isOfUse = (held: string) => needed.some((each) => covers(held, each));
  return {
    permissions: permissions.filter(isOfUse),
    limited: limited
      .filter(({ permission }) => isOfUse(permission))
      .map(({ permission, selectors }) => ({ permission, selectors: [...selectors] })),
  };
}

function refuseContradictions({ waves = [], timeZone, canary }: RolloutSpec): void {
  if (canary !== undefined && measuresOf(canary).length === 0)
    throw new Problem("invalid-input", "a canary compares a metric, alerts, or both; tell which", {
      errors: [{ pointer: "/canary", detail: 'must have "metric" or "alerts"' }],
    });
  for (const [place, { count, percent, selector }] of waves.entries())
    if ([count, percent, selector].filter((each) => each !== undefined).length !== 1)
      throw new Problem("invalid-input", `wave ${place + 1} must have one of count, percent and selector`, {
        errors: [{ pointer: `/waves/${place}`, detail: "must have one of count, percent and selector" }],
      });
  if (timeZone !== undefined && zoneOf(timeZone) === undefined)
    throw new Problem("invalid-input", `there is no time zone "${timeZone}"; give a name such as Europe/Berlin`, {
      errors: [{ pointer: "/timeZone", detail: "must be a name of the IANA time zone database" }],
    });
}

/** Whether a second person has to say yes: as soon as one of the devices is such that one is asked. */
export async function isSecondNeeded(wish: Wish, ids: readonly string[], context: JobsContext) {
  const { undoes: _, ...asked } = wish;
  const { spec, account } = asked;
  if (spec.isApprovalNeeded === true) return true;
  const isDangerous = kindsOf(wish).some((each) => commandKinds[each].dangerous);
  const policy = policyFor({ ...asked, isApprovalNeeded: false }, context);
  for (const id of ids) {
    const row = await context.store.get(device, id);
    if (row === undefined) continue;
    if ((isDangerous && (await needsApproval(row, account, context))) || (await policy(row)) === "wants-approval")
      return true;
  }
  return false;
}

type Told = Omit<OutputOf<typeof planJob>, "plan" | "expiresAt" | "membership">;

async function toldOf(wish: Wish, sighted: readonly Sighted[], context: JobsContext): Promise<Told> {
  const { store, clock } = context;
  const ids = sighted.map(({ member }) => member.device);
  const conflicts = new Map<string, number>();
  for (const id of ids)
    for await (const each of store.scan(rolloutTarget, { index: "device", prefix: [id] }))
      conflicts.set(each.rollout, (conflicts.get(each.rollout) ?? 0) + 1);
  const waves = wavesOf(wish.spec).map((_, wave) => sighted.filter(({ member }) => member.wave === wave).length);
  const never = sighted.filter(({ member }) => member.obstacle !== "");
  return {
    targets: sighted.length,
    waves,
    effect: effectOf(wish.kind),
    ...(wish.spec.rollback && {
      rollback: { kind: wish.spec.rollback.kind, effect: effectOf(wish.spec.rollback.kind) },
    }),
    bytes: sighted.length * Buffer.byteLength(JSON.stringify(wish.arguments)),
    isApprovalNeeded: await isSecondNeeded(wish, ids, context),
    never: summed(never),
    notNow: summed(sighted.filter(({ member, block }) => member.obstacle === "" && block !== undefined)),
    openings: wish.spec.windows === undefined ? [] : openingsOf(wish.spec.windows, sighted, clock.now()),
    conflicts: [...conflicts].map(([rollout, devices]) => ({ rollout, devices })),
  };
}

function summed(sighted: readonly Sighted[]): Told["never"] {
  const found = new Map<BlockReason, string[]>();
  for (const { block, name } of sighted) {
    if (block === undefined) continue;
    const names = found.get(block.reason) ?? [];
    names.push(name);
    found.set(block.reason, names);
  }
  return [...found].map(([reason, names]) => ({
    reason,
    text: blockReasons[reason],
    devices: names.length,
    examples: names.slice(0, EXAMPLES),
  }));
}

function openingsOf(
  windows: NonNullable<RolloutSpec["windows"]>,
  sighted: readonly Sighted[],
  now: number,
): Told["openings"] {
  const devices = new Map<string, number>();
  for (const { zone } of sighted) devices.set(zone, (devices.get(zone) ?? 0) + 1);
  return [...devices]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, ZONES)
    .map(([name, count]) => {
      const zone = zoneOf(name);
      return {
        zone: name,
        devices: count,
        next: zone === undefined ? [] : [...openingsAfter(windows, zone, { now, count: 10 })],
      };
    });
}
