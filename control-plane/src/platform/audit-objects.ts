import type { AnyAction } from "./action.ts";
import { hashOfRow, type AuditEntry } from "./audit.ts";
import { noneIfUnknown, referencesOf, resolve } from "./reference.ts";
import type { AnyResource } from "./resource.ts";
import type { Store } from "./store.ts";

type Objects = Pick<AuditEntry, "objects" | "before">;

interface Where {
  readonly store?: Store | undefined;
  readonly resources: ReadonlyMap<string, AnyResource>;
}

const LONGEST = 256;
/** Of one field: what was refused has not been looked at. */
const MOST = 100;

/** The rows that an input names by `Ref` fields, as `class:id` with the hash of each as it is now; by what was given where there is none. */
export async function objectsAsTheyAre(action: AnyAction, input: unknown, where: Where): Promise<Objects> {
  const found = await Promise.all(namedIn(action, input).map((each) => asItIs(each, where)));
  if (found.length === 0) return {};
  return { objects: found.map(({ object }) => object), before: found.map(({ hash }) => hash) };
}

/** The same as it was given, without a look: whoever was refused costs no more. */
export function namedObjects(action: AnyAction, input: unknown): Objects {
  const objects = namedIn(action, input).map(({ resource, ref }) => `${resource}:${ref}`);
  return objects.length === 0 ? {} : { objects };
}

interface Named {
  readonly resource: string;
  readonly ref: string;
}

async function asItIs({ resource: name, ref }: Named, { store, resources }: Where) {
  const resource = resources.get(name);
  const row = store && resource && (await resolve(store, resource, ref).catch(noneIfUnknown));
  return { object: `${name}:${row?.id ?? ref}`, hash: hashOfRow(row) };
}

function namedIn(action: AnyAction, input: unknown): readonly Named[] {
  if (typeof input !== "object" || input === null) return [];
  return referencesOf(action).flatMap(({ field, resource }) => {
    if (action.secrets?.includes(field)) return [];
    const given: unknown = (input as Record<string, unknown>)[field];
    return [given]
      .flat()
      .slice(0, MOST)
      .filter((ref) => typeof ref === "string")
      .map((ref) => ({ resource, ref: ref.slice(0, LONGEST) }));
  });
}
