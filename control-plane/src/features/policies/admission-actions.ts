import { Value } from "@sinclair/typebox/value";
import type { TSchema } from "@sinclair/typebox";
import { handle } from "../../platform/action.ts";
import { WAITING } from "../../platform/admission.ts";
import { may, type Caller } from "../../platform/caller.ts";
import { convert } from "../../platform/convert.ts";
import { Problem } from "../../platform/problem.ts";
import { ADMISSION, decideAdmission, type Admission } from "./admission-contract.ts";
import { decide, type Opinion } from "./admission.ts";
import { compileAdmission, isAbout, isNeverAsked } from "./admission-policy.ts";
import { admittedBy, opinionsOn, propertiesOf } from "./admitting.ts";
import type { PoliciesContext } from "./context.ts";
import type { PolicySpec } from "./contract.ts";

const TOLD_AT_MOST = 100;
/** What is said of alerts, of which a policy that is asked has none. */
const ofAlerts = ["severity", "for", "keepFiringFor", "freshFor", "noData", "coversChildren", "effects"] as const;

/** Throws Problem where somebody may not decide about what others may do. */
export function refuseUnlessAdmitting({ admission }: Pick<PolicySpec, "admission">, caller: Caller): void {
  if (admission !== undefined && !may(caller, ADMISSION))
    throw new Problem(
      "forbidden",
      `${caller.actor} may not decide about what others may do: this policy needs the permission ${ADMISSION}`,
    );
}

/** Throws Problem where what a policy says that is asked is wrong, and where. */
export function refuseAdmission(
  spec: PolicySpec & { readonly admission: Admission },
  { actions }: Pick<PoliciesContext, "actions">,
): void {
  const other = ofAlerts.find((each) => spec[each] !== undefined);
  if (other !== undefined) throw wrong(other, `${other} is for policies that are watched: this one is asked`);
  compileAdmission(spec);
  const { admission } = spec;
  for (const [place, pattern] of admission.actions.entries())
    if (!actions.some((each) => !isNeverAsked(each) && isAbout({ actions: [pattern] }, each.path as string)))
      throw wrong(`admission/actions/${place}`, `there is no action "${pattern}" that policies are asked about`);
  const about = actions.filter((each) => !isNeverAsked(each) && isAbout(admission, each.path as string));
  const hasty = about.find((each) => !Object.hasOwn(propertiesOf(each), WAITING));
  if (admission.outcome === "approve" && hasty !== undefined) {
    const waiting = actions
      .filter((each) => Object.hasOwn(propertiesOf(each), WAITING))
      .map(({ path }) => path as string);
    const words = `${hasty.path as string} cannot wait for a second person; these can: ${waiting.join(", ")}`;
    throw wrong("admission/actions", words);
  }
  refuseDefaults(admission, about);
}

function refuseDefaults({ outcome, defaults }: Admission, about: PoliciesContext["actions"]): void {
  if ((outcome === "defaults") !== (defaults !== undefined))
    throw wrong("admission/defaults", "the outcome defaults has them, and no other has");
  const known = [...new Set(about.flatMap(({ defaultable = [] }) => defaultable))];
  for (const [name, value] of Object.entries(defaults ?? {})) {
    if (!known.includes(name))
      throw wrong(
        `admission/defaults/${name}`,
        `a policy cannot say what "${name}" is by default; ${known.length === 0 ? "these actions have no such field" : `it can for ${known.join(", ")}`}`,
      );
    for (const each of about.filter(({ defaultable = [] }) => defaultable.includes(name)))
      if (!Value.Check(propertiesOf(each)[name] as TSchema, value))
        throw wrong(`admission/defaults/${name}`, `"${name}" cannot be that for ${each.path as string}`);
  }
}

const wrong = (pointer: string, detail: string): Problem =>
  new Problem("invalid-input", detail, { errors: [{ pointer: `/${pointer}`, detail }] });

export const admissionActions = [
  handle(decideAdmission, async ({ action: path, input = {} }, context: PoliciesContext, caller) => {
    const action = context.actions.find((each) => each.path === path);
    if (action === undefined) throw new Problem("unknown-action", `there is no action "${path}"`);
    const asked = { action, input: convert(action, input, context.clock.now()) as object, caller };
    const concerned = isNeverAsked(action) ? [] : (await context.watch.policies(context)).askedAbout(path);
    const opinions = await opinionsOn(asked, concerned, context);
    const { refusal, defaults, isApprovalNeeded } = admittedBy(decide(opinions), asked);
    const approving = isApprovalNeeded ? "a second person has to say yes first" : "it may be done";
    return {
      isAdmitted: refusal === undefined,
      isApprovalNeeded,
      answer: refusal?.message ?? approving,
      defaults: { ...defaults },
      policies: [...new Map(opinions.flat().map((each) => [keyOf(each), each])).values()]
        .slice(0, TOLD_AT_MOST)
        .map(({ defaults: _, ...each }) => each),
    };
  }),
];

const keyOf = ({ policy, device = "" }: Opinion): string => `${device}\0${policy}`;
