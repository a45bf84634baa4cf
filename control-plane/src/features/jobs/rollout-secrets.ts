import type { CommandKind } from "@edgemere/protocol";
import { put, removed, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { table } from "../../platform/resource.ts";
import type { JobsContext } from "./context.ts";
import { refuseKindWithoutSecrets, refuseLargeSecrets } from "./secrets.ts";

type Values = Readonly<Record<string, string>>;

/** Secrets of a plan, and then of its rollout, by its id, until no device of it can begin any more. */
const keptSecrets = table<{ readonly id: string; readonly sealed: string }>("rolloutsecrets");

/** Their names in order, where a plan may have them. Throws Problem. */
export function checkedSecrets(kind: CommandKind, values: Values, { vault }: JobsContext): string[] {
  if (vault === undefined) throw new Problem("conflict", "this control plane keeps no secrets");
  refuseKindWithoutSecrets(kind);
  refuseLargeSecrets(values);
  return Object.keys(values).sort();
}

/** Keeps secrets for a plan. */
export const keptFor = (id: string, values: Values | undefined, { vault }: JobsContext): readonly Change[] =>
  values === undefined || vault === undefined
    ? []
    : [put(keptSecrets, { id, sealed: vault.seal(JSON.stringify(values), id) })];

/** The secrets of a plan or a rollout; undefined when nobody can read them any more. */
export async function secretsOf(id: string, { store, vault }: JobsContext): Promise<Values | undefined> {
  const row = await store.get(keptSecrets, id);
  const opened = row && vault?.open(row.sealed, id);
  return opened === undefined ? undefined : (JSON.parse(opened) as Values);
}

/** Those of a plan become those of its rollout. */
export async function handedOver(plan: string, rollout: string, context: JobsContext): Promise<readonly Change[]> {
  const values = await secretsOf(plan, context);
  return values === undefined ? [] : [...keptFor(rollout, values, context), forgottenSecrets(plan)];
}

export const forgottenSecrets = (id: string): Change => removed(keptSecrets, id);
