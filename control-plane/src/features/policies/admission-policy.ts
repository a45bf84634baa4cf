import type { Log } from "@edgemere/protocol/kit";
import { compileCondition, type Expression, type FieldKind } from "../../platform/expression.ts";
import { ANYONE } from "../../platform/caller.ts";
import type { AnyAction } from "../../platform/action.ts";
import { compileSelector, deviceFields } from "../devices/selector-contract.ts";
import type { Admission } from "./admission-contract.ts";
import type { Opinion } from "./admission.ts";
import type { Policy, PolicySpec } from "./contract.ts";
import { isOfDevice } from "./schedule-contract.ts";

/** What the condition of a policy that is asked may speak of, beside the fields of a device. */
const askedFields = {
  actor: "string",
  roles: "list",
  via: "string",
  action: "string",
  effect: "string",
  input: "map",
  devices: "number",
} as const satisfies Readonly<Record<string, FieldKind>>;

/** All of it, for whoever writes one. */
export const admissionFields: Readonly<Record<string, FieldKind>> = { ...deviceFields, ...askedFields };

type View = Readonly<Record<string, unknown>>;
type Judgement = Pick<Opinion, "verdict"> & { readonly problem?: string };

/** What a policy that is asked says, made ready. */
interface Compiled {
  readonly selector: Expression | undefined;
  /** Whether it speaks of single devices; it has no say in what is done to none. */
  readonly isAboutDevices: boolean;
  /** What its condition speaks of. */
  readonly fields: ReadonlySet<string>;
  readonly judge: (view: View) => Judgement;
}

/** A policy that is asked before actions. */
export interface AdmissionPolicy extends Compiled {
  readonly row: Policy & { readonly admission: Admission };
}

/** Throws Problem that says what is wrong and where. */
export function compileAdmission({
  condition,
  selector = "",
  schedule,
}: Pick<PolicySpec, "condition" | "selector" | "schedule">): Compiled {
  const { evaluate, fields } = compileCondition(condition, { fields: admissionFields, functions: [] });
  const isOfDevices = [...fields].some((each) => Object.hasOwn(deviceFields, each));
  return {
    selector: selector === "" ? undefined : compileSelector(selector),
    isAboutDevices: isOfDevices || selector !== "" || (schedule !== undefined && isOfDevice(schedule)),
    fields,
    judge: (view) => {
      try {
        return { verdict: evaluate(view) ? "met" : "unmet" };
      } catch (error) {
        return { verdict: "failed", problem: firstLine(error) };
      }
    },
  };
}

/** Where one was valid once and is so no longer, what it is about is refused until somebody has mended it. */
export function readyToAsk(row: AdmissionPolicy["row"], log: Log): AdmissionPolicy {
  try {
    return { row, ...compileAdmission(row) };
  } catch (error) {
    log.error("a policy cannot be asked, and refuses", { policy: row.name, error });
    const judge = () => ({ verdict: "failed" as const, problem: firstLine(error) });
    return { row, selector: undefined, isAboutDevices: false, fields: new Set(), judge };
  }
}

/** The library shows the place in further lines. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : "it failed").split("\n")[0] ?? "it failed";

export const isAsked = <T extends Pick<PolicySpec, "admission">>(
  spec: T,
): spec is T & { readonly admission: Admission } => spec.admission !== undefined;

/** Whether a policy has a say in an action, by its address. */
export const isAbout = ({ actions }: Pick<Admission, "actions">, path: string): boolean =>
  actions.some((each) => each === "*" || each === path || (each.endsWith("/*") && path.startsWith(each.slice(0, -1))));

/**
 * What no policy is asked about: nobody can be kept from signing in, from looking after the own sessions, and from changing the policies themselves.
 * Whoever may do that can undo what locks everybody out.
 */
export const isNeverAsked = ({ path, permission }: AnyAction): boolean =>
  permission === ANYONE || permission.startsWith("own:") || (path as string).startsWith("sa/pe/policy/");
