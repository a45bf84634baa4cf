import { handle, type AnyAction, type InputOf, type OutputOf } from "../../platform/action.ts";
import { auditTable, type AuditEntry } from "../../platform/audit.ts";
import { may } from "../../platform/caller.ts";
import { Problem } from "../../platform/problem.ts";
import { noneIfUnknown, referencesOf, resolve } from "../../platform/reference.ts";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { apiToken, user } from "../identity/contract.ts";
import { refuseAdmission } from "./admission-actions.ts";
import { AUDIT, dryRunAdmission } from "./admission-contract.ts";
import { decide } from "./admission.ts";
import { compileAdmission, isAbout, isNeverAsked, type AdmissionPolicy } from "./admission-policy.ts";
import { isLookingAtDevices, opinionsAbout, propertiesOf } from "./admitting.ts";
import type { PoliciesContext } from "./context.ts";

// Entries that one answer reads: a rare action, or a long log, must not make one request walk all of it.
const READ_AT_MOST = 20_000;
const TOLD_AT_MOST = 100;
const DEVICES_TOLD = 10;

type Told = OutputOf<typeof dryRunAdmission>["told"][number];
type Past = {
  readonly verdict: Told["verdict"] | "allowed";
  readonly answer: string;
  readonly devices: readonly Device[];
};

export const admissionPastActions = [
  handle(dryRunAdmission, async ({ actions: most = 200, ...asked }, context: PoliciesContext, caller) => {
    if (!may(caller, AUDIT))
      throw new Problem(
        "forbidden",
        `${caller.actor} may not read what others did: that needs the permission ${AUDIT}`,
      );
    refuseAdmission(asked, context);
    const policy = { ...compileAdmission(asked), row: draftOf(asked) };
    const about = new Map(
      context.actions
        .filter((each) => !isNeverAsked(each) && isAbout(asked.admission, each.path as string))
        .map((each) => [each.path as string, each]),
    );
    const told: Told[] = [];
    const counts = { allowed: 0, denied: 0, approval: 0, defaults: 0, unknown: 0 };
    let [actions, read] = [0, 0];
    let from: number | undefined;
    for await (const entry of context.store.scan(auditTable, { reverse: true })) {
      const action = about.get(entry.action);
      const isOne = action !== undefined && entry.decision === "allowed" && isOfSomebody(entry);
      if (read++ === READ_AT_MOST || (isOne && actions === most)) return { ...found(), isWhole: false };
      if (!isOne) continue;
      actions++;
      from = entry.at;
      const { devices, verdict, answer } = await saidThen(policy, action, entry, context);
      counts[verdict]++;
      if (verdict === "allowed" || told.length === TOLD_AT_MOST) continue;
      const names = devices.slice(0, DEVICES_TOLD).map(({ name }) => name);
      const { id, at, actor } = entry;
      told.push({ entry: id, at, actor, action: entry.action, devices: names, verdict, answer });
    }
    return { ...found(), isWhole: true };

    function found() {
      return { ...(from !== undefined && { from }), actions, ...counts, told };
    }
  }),
];

/** What the control plane asks of itself, and what a device says, no policy is asked about. */
const isOfSomebody = ({ actor, via }: AuditEntry): boolean =>
  actor !== "system" && !actor.startsWith("rule:") && via !== "device";

/** What the policy alone would have said of an action that was done. */
async function saidThen(
  policy: AdmissionPolicy,
  action: AnyAction,
  entry: AuditEntry,
  context: PoliciesContext,
): Promise<Past> {
  const { fields } = policy;
  const isLooking = isLookingAtDevices(policy);
  const devices = await devicesThen(action, entry, context);
  if (isLooking && devices === undefined)
    return { verdict: "unknown", answer: "nobody knows any more which devices it was done to", devices: [] };
  const roles = fields.has("roles") ? await rolesOf(entry, context) : undefined;
  const view = {
    actor: entry.actor,
    via: entry.via,
    action: entry.action,
    effect: action.effect,
    devices: devices?.length ?? 0,
    ...(roles && { roles }),
  };
  const opinions = opinionsAbout({ view, devices: isLooking ? (devices ?? []) : [], now: entry.at }, [policy]);
  const decision = decide(opinions);
  const past = (verdict: Past["verdict"], answer: string) => ({ verdict, answer, devices: devices ?? [] });
  const isFailed = opinions.flat().some(({ verdict }) => verdict === "failed");
  if (isFailed && fields.has("input")) return past("unknown", "the audit log does not keep what it was given");
  if (isFailed && fields.has("roles") && roles === undefined)
    return past("unknown", `nobody knows any more which roles ${entry.actor} has`);
  const { refusal } = decision;
  if (refusal !== undefined) {
    const { device, reason } = refusal.by;
    const failed = refusal.because === "failed" ? "it could not have been evaluated: " : "";
    return past("denied", `${device === undefined ? "" : `on the device "${device}": `}${failed}${reason}`);
  }
  if (decision.approval.length > 0) return past("approval", "a second person would have had to say yes first");
  if (Object.keys(decision.defaults).length > 0)
    return past("defaults", "where nothing was said its defaults would have held");
  return past("allowed", "");
}

/** The devices that an entry of the log names, as they are now; undefined where nobody knows them all. */
async function devicesThen(
  action: AnyAction,
  { objects = [] }: AuditEntry,
  { scopes, store }: PoliciesContext,
): Promise<readonly Device[] | undefined> {
  const named = new Map(
    referencesOf(action).map(({ field, resource }) => [
      field,
      objects.filter((each) => each.startsWith(`${resource}:`)).map((each) => each.slice(resource.length + 1)),
    ]),
  );
  for (const object of objects)
    if (object.startsWith("device:") && (await store.get(deviceResource, object.slice("device:".length))) === undefined)
      return undefined;
  const devices = (await scopes.touched(action, Object.fromEntries(named))) as readonly Device[];
  return devices.length === 0 && Object.hasOwn(propertiesOf(action), "selector") ? undefined : devices;
}

/** Undefined where there is no such account any more. */
async function rolesOf({ actor }: AuditEntry, context: PoliciesContext): Promise<readonly string[] | undefined> {
  const { store } = context;
  const name = actor.slice(actor.indexOf(":") + 1);
  const account = actor.startsWith("token:")
    ? (await store.get(apiToken, name))?.owner
    : (await resolve(store, user, name).catch(noneIfUnknown))?.id;
  return account === undefined ? undefined : (await context.accountOf?.(account, context))?.roles;
}

/** A policy that is not saved. */
const draftOf = ({
  condition,
  selector,
  schedule,
  admission,
}: InputOf<typeof dryRunAdmission>): AdmissionPolicy["row"] => ({
  id: "",
  name: "",
  version: 0,
  createdAt: 0,
  updatedAt: 0,
  state: "enabled",
  author: "",
  revision: 0,
  condition,
  admission,
  ...(selector !== undefined && { selector }),
  ...(schedule !== undefined && { schedule }),
});
