import { WAITING, asAsked, type Admitted, type Asked } from "../../platform/admission.ts";
import { Problem } from "../../platform/problem.ts";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { compileSelector, viewOf, zoneNameOf } from "../devices/selector-contract.ts";
import { decide, refusalWords, type Decision, type Opinion } from "./admission.ts";
import { isNeverAsked, type AdmissionPolicy } from "./admission-policy.ts";
import type { PoliciesContext } from "./context.ts";
import { beginsAt, isOfDevice } from "./schedule-contract.ts";
import { zoneOf } from "../../platform/wall-clock.ts";

/** What policies say of an action before it is done: the one gate of every face, of effects, rollouts and data that moves. */
export async function admit(asked: Asked, context: PoliciesContext): Promise<Admitted> {
  const { watch } = context;
  // Before anything that could fail: whoever mends policies, and what keeps house, never hangs on them.
  if (isOwn(asked) || isNeverAsked(asked.action)) return asAsked;
  const concerned = (await watch.policies(context)).askedAbout(asked.action.path as string);
  if (concerned.length === 0) return asAsked;
  const decision = decide(await opinionsOn(asked, concerned, context));
  const admitted = admittedBy(decision, asked);
  // A device that waits in a rollout is asked about at every look, and nobody asks anew.
  if (admitted.refusal !== undefined && asked.devices === undefined)
    watch.refused.add([decision.refusal?.because ?? "cannot-wait"]);
  return admitted;
}

/** What a decision means for an action. */
export function admittedBy({ refusal, approval, defaults }: Decision, { action }: Pick<Asked, "action">): Admitted {
  const path = action.path as string;
  const [second] = approval;
  const refused = (words: string): Admitted => ({ ...asAsked, refusal: new Problem("forbidden", words) });
  if (refusal !== undefined) return refused(refusalWords(refusal, path));
  if (second !== undefined && !Object.hasOwn(propertiesOf(action), WAITING))
    return refused(
      `the policy "${second.policy}" has a second person asked, and ${path} cannot wait for one; ask its owner, ${second.owner}`,
    );
  const { defaultable = [] } = action;
  const allowed = Object.entries(defaults).filter(([name]) => defaultable.includes(name));
  return { defaults: Object.fromEntries(allowed), isApprovalNeeded: second !== undefined };
}

export const propertiesOf = ({ input }: Asked["action"]) =>
  (input as { readonly properties: Readonly<Record<string, object>> }).properties;

/** What the control plane asks of itself, and what a device says, is no wish of anybody: it brings to its end what was admitted. */
const isOwn = ({ caller: { actor, via } }: Asked): boolean =>
  actor === "system" || actor.startsWith("rule:") || via === "device";

/** What each of the policies says of each device that the action is done to, or once where it is done to none. */
export async function opinionsOn(
  asked: Asked,
  concerned: readonly AdmissionPolicy[],
  context: PoliciesContext,
): Promise<readonly (readonly Opinion[])[]> {
  const { action, caller, input } = asked;
  const devices = concerned.some(isLookingAtDevices) ? await touched(asked, context) : [];
  const { secrets = [] } = action;
  const view = {
    actor: caller.actor,
    via: caller.via,
    roles: await rolesOf(caller, context),
    action: action.path as string,
    effect: action.effect,
    input: Object.fromEntries(Object.entries(input).filter(([name]) => !secrets.includes(name))),
    devices: devices.length,
  };
  return opinionsAbout({ view, devices, now: context.clock.now() }, concerned);
}

/** Whether it must be known which devices an action is done to. */
export const isLookingAtDevices = ({ isAboutDevices, fields }: AdmissionPolicy): boolean =>
  isAboutDevices || fields.has("devices");

interface Past {
  readonly view: Readonly<Record<string, unknown>>;
  readonly devices: readonly Device[];
  readonly now: number;
}

/** The same of what was asked for at some instant, by what is known of it. */
export function opinionsAbout(
  { view, devices, now }: Past,
  concerned: readonly AdmissionPolicy[],
): readonly (readonly Opinion[])[] {
  const once = concerned.filter(({ isAboutDevices }) => !isAboutDevices).flatMap((each) => said(each, { view, now }));
  if (devices.length === 0) return [once];
  const each = concerned.filter(({ isAboutDevices }) => isAboutDevices);
  return devices.map((row) => {
    const of = { view: { ...view, ...viewOf(row) }, now, row };
    return [...once, ...each.flatMap((policy) => said(policy, of))];
  });
}

interface Subject {
  readonly view: Readonly<Record<string, unknown>>;
  readonly now: number;
  readonly row?: Device;
}

/** What one policy says of one device, or of none. Nothing where it has no say: it is about other devices, or its hours are over. */
export function said(policy: AdmissionPolicy, { view, now, row }: Subject): readonly Opinion[] {
  const { name, owner = "", author, priority = 0, admission, schedule } = policy.row;
  if (row !== undefined && policy.selector?.matches(view) === false) return [];
  const zone = row === undefined ? "" : zoneNameOf(row);
  const isZoneUnknown = schedule !== undefined && isOfDevice(schedule) && zoneOf(zone) === undefined;
  if (schedule !== undefined && !isZoneUnknown && beginsAt(schedule, now, zone) !== undefined) return [];
  const { verdict, problem } = isZoneUnknown
    ? { verdict: "failed" as const, problem: "nobody knows its time zone: give it the label timezone" }
    : policy.judge(view);
  return [
    {
      policy: name,
      priority,
      owner: owner === "" ? author : owner,
      outcome: admission.outcome,
      reason: problem ?? admission.reason,
      verdict,
      defaults: admission.defaults,
      ...(row !== undefined && policy.isAboutDevices && { device: row.name }),
    },
  ];
}

/** The devices that an action is done to: those that it is told of, that its input names, or that a selector of it picks. */
async function touched({ action, input, devices }: Asked, context: PoliciesContext): Promise<readonly Device[]> {
  if (devices !== undefined) return devices as readonly Device[];
  const rows = (await context.scopes.touched(action, input)) as readonly Device[];
  const { selector } = input as { readonly selector?: unknown };
  // A list is shown to whoever may see it: what it leaves out, permissions say.
  if (action.effect === "read" || typeof selector !== "string") return rows;
  const picked = selector === "" ? undefined : compileSelector(selector);
  const all = new Map(rows.map((each) => [each.id, each]));
  for await (const row of context.store.scan(deviceResource))
    if (row.state !== "retired" && picked?.matches(viewOf(row)) !== false) all.set(row.id, row);
  return [...all.values()];
}

async function rolesOf({ account }: Asked["caller"], context: PoliciesContext): Promise<readonly string[]> {
  return account === undefined ? [] : ((await context.accountOf?.(account, context))?.roles ?? []);
}
