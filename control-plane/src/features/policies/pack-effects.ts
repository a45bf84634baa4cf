import { commandKinds } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import type { Device } from "../devices/contract.ts";
import { createJob, permissionsToCommand } from "../jobs/contract.ts";
import { decide } from "./admission.ts";
import { admittedBy, opinionsOn } from "./admitting.ts";
import type { PoliciesContext } from "./context.ts";
import type { Policy } from "./contract.ts";
import type { Effect } from "./effect-contract.ts";
import { stoppedBecause } from "./effects.ts";
import { isKindOnDevice, type KindOnDevice } from "./on-device.ts";
import { callerOf } from "./policy-caller.ts";

const EFFECT_RUNS = 300 * SECOND;

type OwnCommand = Extract<Effect, { readonly do: "command" }> & { readonly kind: KindOnDevice };
const isOwn = (effect: Effect): effect is OwnCommand => effect.do === "command" && isKindOnDevice(effect.kind);

/** What of a policy's effects a device is sent to do by itself, as it is sent. */
export async function packedEffects(row: Policy, device: Device, context: PoliciesContext): Promise<readonly object[]> {
  // What its author may not do any more the device does no more either.
  if ((await stoppedBecause(row, context)) !== undefined) return [];
  const packed: object[] = [];
  for (const effect of (row.effects ?? []).filter(isOwn))
    if ((await refusalOf(effect, row, device, context)) === undefined)
      packed.push({ runTimeoutMs: EFFECT_RUNS, [commandKinds[effect.kind].task]: effect.arguments ?? {} });
  return packed;
}

/** Why a device is not sent some of the effects of a policy, in words. */
export async function withheldEffects(
  row: Policy,
  device: Device,
  context: PoliciesContext,
): Promise<readonly string[]> {
  const words: string[] = [];
  for (const effect of (row.effects ?? []).filter(isOwn)) {
    const refusal = await refusalOf(effect, row, device, context);
    if (refusal !== undefined) words.push(`the device does not do ${effect.kind} by itself: ${refusal}`);
  }
  return words;
}

/** What policies that are asked before actions would say here, at whatever hour: a device asks nobody, and keeps what it was sent. */
async function refusalOf(
  { kind, arguments: given }: OwnCommand,
  policy: Policy,
  { id }: Device,
  context: PoliciesContext,
): Promise<string | undefined> {
  const concerned = (await context.watch.policies(context)).askedAbout(createJob.path);
  if (concerned.length === 0) return undefined;
  const atAnyHour = concerned.map(({ row: { schedule: _, ...row }, ...each }) => ({ ...each, row }));
  const caller = callerOf(policy, permissionsToCommand(kind), context);
  const asked = { action: createJob, caller, input: { device: id, kind, ...(given && { arguments: given }) } };
  const { refusal, isApprovalNeeded } = admittedBy(decide(await opinionsOn(asked, atAnyHour, context)), asked);
  if (refusal !== undefined) return refusal.message;
  return isApprovalNeeded ? "a second person has to be asked, and a device can ask nobody" : undefined;
}
