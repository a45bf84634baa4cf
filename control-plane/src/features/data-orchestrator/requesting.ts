import { DAY, SECOND } from "@edgemere/protocol/kit";
import { handle, type InputOf } from "../../platform/action.ts";
import { may, type Caller } from "../../platform/caller.ts";
import { created } from "../../platform/change.ts";
import { compileExpression } from "../../platform/expression.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { dataSource, dataVocabulary } from "../data-catalogue/contract.ts";
import { device as deviceResource } from "../devices/contract.ts";
import { compileSelector } from "../devices/selector-contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import {
  createInstance,
  dataReference,
  dataRequest,
  findData,
  PLACING,
  type DataReference,
  type DataRequest,
} from "./contract.ts";

/** A reference stands until it is ended; a year is for ever here. */
const STANDING = 365 * DAY;

export const requestHandlers = [
  handle(
    findData,
    async (
      { query, name, lifetime = 3_600, keep = false, ...wish },
      context: DataOrchestratorContext,
      caller,
      made,
    ) => {
      const { store, newId } = context;
      compileExpression(query, dataVocabulary);
      const purpose = await purposeOf({ ...wish, lifetime: lifetime * SECOND, isKept: keep }, context, caller);
      const id = newId();
      if (name !== undefined) await refuseTaken(name, store);
      await store.commit(
        created(dataRequest, id, {
          name: name ?? `find-${id.toLowerCase()}`,
          query,
          purpose,
          author: caller.actor,
          reason: "",
        }),
        made(id),
      );
      return resolve(store, dataRequest, id);
    },
    async (id, { store }) => resolve(store, dataRequest, id),
  ),
  handle(createInstance, async ({ dataref }, context: DataOrchestratorContext, caller) =>
    repeatOnConflict(async () => {
      const { store } = context;
      const reference =
        typeof dataref === "string"
          ? await resolve(store, dataReference, dataref)
          : ((await knownReference(dataref, store)) ?? (await makeReference(dataref, context, caller)));
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
type Wish = Pick<Wanted, "where" | "device" | "service" | "source" | "copies" | "use" | "bytes" | "money"> & {
  readonly lifetime: number;
  readonly isKept: boolean;
};

/** What is wanted, checked: a mistake in it is told to whoever makes it, and not to a rule later on. */
async function purposeOf(
  { where, device: ref, service, source: sourceRef, copies = 1, use = "copy", bytes, money, lifetime, isKept }: Wish,
  { store }: DataOrchestratorContext,
  caller: Caller,
): Promise<DataRequest["purpose"]> {
  if (where !== undefined) compileSelector(where);
  const at = ref === undefined ? undefined : (await resolve(store, deviceResource, ref)).id;
  const source = sourceRef === undefined ? undefined : (await resolve(store, dataSource, sourceRef)).id;
  const isBrought = where !== undefined || at !== undefined || source !== undefined;
  if (isBrought && !may(caller, PLACING))
    throw new Problem(
      "forbidden",
      `${caller.actor} may not have data brought anywhere: it needs the permission ${PLACING}`,
    );
  if (!isBrought && isKept)
    throw new Problem(
      "invalid-input",
      "copies can be kept in certain places only: say where, such as --where site=berlin",
    );
  const budget = { ...(bytes !== undefined && { bytes }), ...(money !== undefined && { money }) };
  const place = {
    ...(where !== undefined && { where }),
    ...(at !== undefined && { device: at }),
    ...(source !== undefined && { source }),
    ...(service !== undefined && { service }),
  };
  return { ...place, copies, use, budget, lifetime, isKept };
}

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
  { id: _, name, shortName = "", query, lifetime, ...wish }: Wanted,
  context: DataOrchestratorContext,
  caller: Caller,
): Promise<DataReference> {
  const { store, newId } = context;
  if (query === undefined)
    throw new Problem("invalid-input", 'a new data reference needs a query: {"name":"logs","query":"kind:log"}');
  compileExpression(query, dataVocabulary);
  const isKept = wish.where !== undefined || wish.device !== undefined || wish.source !== undefined;
  const needed = lifetime === undefined ? STANDING : lifetime * SECOND;
  const purpose = await purposeOf({ ...wish, lifetime: needed, isKept }, context, caller);
  const id = newId();
  const draft = { name: name ?? `reference-${id.toLowerCase()}`, shortName, query, purpose, author: caller.actor };
  await store.commit(created(dataReference, id, draft));
  return resolve(store, dataReference, id);
}

/** The request of a reference, made when there is none. Its id follows from the reference's, so that there is only ever one. */
async function requestOf(
  { id, name, query, purpose, author }: DataReference,
  { store }: DataOrchestratorContext,
): Promise<string> {
  const request = requestIdOf(id);
  if ((await store.get(dataRequest, request)) === undefined)
    await store.commit(
      created(dataRequest, request, {
        name: `for-${name}`.slice(0, 256),
        query,
        purpose,
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
