import type { AnyAction } from "./action.ts";
import { hashOfRow, type AuditEntry } from "./audit.ts";
import { Problem } from "./problem.ts";
import { resolve } from "./reference.ts";
import type { AnyResource } from "./resource.ts";
import type { Store } from "./store.ts";

type Objects = Pick<AuditEntry, "objects" | "before">;

interface Where {
  readonly store?: Store | undefined;
  readonly resources: ReadonlyMap<string, AnyResource>;
}

const LONGEST = 256;

/** The rows that an input names by `Ref` fields, as `class:id` with the hash of each as it is now; by what was given where there is none. */
export async function objectsAsTheyAre(action: AnyAction, input: unknown, where: Where): Promise<Objects> {
  const found = await Promise.all(referencesIn(action, input).map((each) => asItIs(each, where)));
  if (found.length === 0) return {};
  return { objects: found.map(({ object }) => object), before: found.map(({ hash }) => hash) };
}

/** The same as it was given, without a look: whoever was refused costs no more. */
export function namedObjects(action: AnyAction, input: unknown): Objects {
  const objects = referencesIn(action, input).map(({ name, ref }) => `${name}:${ref}`);
  return objects.length === 0 ? {} : { objects };
}

interface Reference {
  readonly name: string;
  readonly ref: string;
}

async function asItIs({ name, ref }: Reference, { store, resources }: Where) {
  const resource = resources.get(name);
  const row = store && resource && (await resolve(store, resource, ref).catch(noneIfUnknown));
  return { object: `${name}:${row?.id ?? ref}`, hash: hashOfRow(row) };
}

/** What cannot be found, or stands for several, is the handler's to refuse. */
function noneIfUnknown(error: unknown): undefined {
  if (error instanceof Problem && (error.type === "not-found" || error.type === "conflict")) return undefined;
  throw error;
}

function referencesIn({ input: { properties }, secrets = [] }: AnyAction, input: unknown): readonly Reference[] {
  if (typeof input !== "object" || input === null) return [];
  return Object.entries(properties as Record<string, { readonly "x-ref"?: string }>).flatMap(([field, schema]) => {
    const name = schema["x-ref"];
    const value: unknown = (input as Record<string, unknown>)[field];
    if (name === undefined || typeof value !== "string" || secrets.includes(field)) return [];
    return [{ name, ref: value.slice(0, LONGEST) }];
  });
}
