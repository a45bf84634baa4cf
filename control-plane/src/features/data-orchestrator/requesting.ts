import { DAY, SECOND } from "@edgemere/protocol/kit";
import { handle, type InputOf } from "../../platform/action.ts";
import { created } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { compileExpression } from "../../platform/expression.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { dataVocabulary } from "../data-catalogue/contract.ts";
import { createInstance, dataReference, dataRequest, findData, type DataReference } from "./contract.ts";

/** A reference stands until it is ended; a year is for ever here. */
const STANDING = 365 * DAY;

export const requestHandlers = [
  handle(findData, async ({ query, name, lifetime = 3_600, copies = 1 }, context: PlatformContext, { actor }) => {
    const { store, newId } = context;
    compileExpression(query, dataVocabulary);
    const id = newId();
    if (name !== undefined) await refuseTaken(name, store);
    await store.commit(
      created(dataRequest, id, {
        name: name ?? `find-${id.toLowerCase()}`,
        query,
        purpose: { lifetime: lifetime * SECOND, copies },
        author: actor,
        reason: "",
      }),
    );
    return resolve(store, dataRequest, id);
  }),
  handle(createInstance, async ({ dataref }, context: PlatformContext, { actor }) =>
    repeatOnConflict(async () => {
      const { store } = context;
      const reference =
        typeof dataref === "string"
          ? await resolve(store, dataReference, dataref)
          : ((await knownReference(dataref, store)) ?? (await makeReference(dataref, actor, context)));
      if (reference.state === "failedprovision")
        throw new Problem(
          "conflict",
          `the data reference "${reference.name}" failed: ${await failureOf(reference, store)}; make one with another name`,
        );
      return { reference: reference.id, request: await requestOf(reference, context) };
    }),
  ),
];

type Wanted = Exclude<InputOf<typeof createInstance>["dataref"], string>;

async function knownReference({ id, name, query }: Wanted, store: Store): Promise<DataReference | undefined> {
  if (id !== undefined) return resolve(store, dataReference, id);
  if (name === undefined) return undefined;
  const known = (await store.list(dataReference, { index: "name", prefix: [name], limit: 1 })).items[0];
  if (known !== undefined && query !== undefined && query !== known.query)
    throw new Problem(
      "conflict",
      `there is already a data reference "${name}" with another query: ${known.query}; take another name`,
    );
  return known;
}

/** Its state, "provisioning", is what the rule answers with a request. */
async function makeReference(
  { name, shortName = "", query }: Wanted,
  author: string,
  { store, newId }: PlatformContext,
): Promise<DataReference> {
  if (query === undefined)
    throw new Problem("invalid-input", 'a new data reference needs a query: {"name":"logs","query":"kind:log"}');
  compileExpression(query, dataVocabulary);
  const id = newId();
  const draft = { name: name ?? `reference-${id.toLowerCase()}`, shortName, query, author };
  await store.commit(created(dataReference, id, draft));
  return resolve(store, dataReference, id);
}

/** The request of a reference, made when there is none. Its id follows from the reference's, so that there is only ever one. */
async function requestOf({ id, name, query, author }: DataReference, { store }: PlatformContext): Promise<string> {
  const request = requestIdOf(id);
  if ((await store.get(dataRequest, request)) === undefined)
    await store.commit(
      created(dataRequest, request, {
        name: `for-${name}`.slice(0, 256),
        query,
        purpose: { lifetime: STANDING, copies: 1 },
        reference: id,
        author,
        reason: "",
      }),
    );
  return request;
}

const requestIdOf = (reference: string) => `${reference}-request`;

const failureOf = async ({ id }: DataReference, store: Store): Promise<string> =>
  (await store.get(dataRequest, requestIdOf(id)))?.reason ?? "its request is gone";

async function refuseTaken(name: string, store: Store): Promise<void> {
  if ((await store.list(dataRequest, { index: "name", prefix: [name], limit: 1 })).items.length > 0)
    throw new Problem("conflict", `there is already a data request "${name}"; take another name`);
}
