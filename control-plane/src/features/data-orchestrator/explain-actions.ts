import { handle } from "../../platform/action.ts";
import { askItself } from "../../platform/dispatch.ts";
import { explainedBy, type Cause } from "../../platform/explanation.ts";
import { resolve } from "../../platform/reference.ts";
import { data, dataSource } from "../data-catalogue/contract.ts";
import { device } from "../devices/contract.ts";
import { explainJob } from "../jobs/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import * as contract from "./contract.ts";
import { instancesOf } from "./ending.ts";
import { pieceOf, requestCauses } from "./explaining.ts";
import { collections } from "./tables.ts";

const { dataInstance, dataRequest, dataReservation } = contract;

export const explainHandlers = [
  handle(contract.explainRequest, async ({ request: ref }, { store }: DataOrchestratorContext) => {
    const request = await resolve(store, dataRequest, ref);
    const reservations: contract.DataReservation[] = [];
    for await (const each of store.scan(dataReservation, { index: "request", prefix: [request.id] }))
      reservations.push(each);
    const instances = [...(await instancesOf(request, store))];
    const called = await namesOf(
      {
        data: reservations.map((each) => each.data),
        source: reservations.flatMap(({ source, target }) => [source, ...(target === undefined ? [] : [target])]),
        device: instances.map((each) => each.device),
      },
      store,
    );
    return {
      ...explainedBy(...requestCauses(request, { reservations, instances }, called)),
      request,
      reservations: reservations.map((each) => ({ ...each, name: called.data(each.data) })),
      instances,
    };
  }),
  handle(contract.explainInstance, async ({ id }, context: DataOrchestratorContext) => {
    const { store } = context;
    const row = await resolve(store, dataInstance, id);
    const { request: of } = row;
    const request = of === undefined ? undefined : await store.get(dataRequest, of);
    const names = await namesOf({ data: [], source: [], device: [row.device] }, store);
    return {
      ...explainedBy(
        pieceOf(row, names),
        ...(row.state === "placing" ? await waitOf(row, context) : []),
        ...(request === undefined
          ? []
          : [{ text: `it is there for the data request "${request.name}", which is ${request.state}` }]),
      ),
      instance: row,
    };
  }),
];

/** What the device waits for that is to bring it, or that is to send it here. */
async function waitOf(row: contract.DataInstance, context: DataOrchestratorContext): Promise<readonly Cause[]> {
  const { store } = context;
  if (row.job !== undefined) return [await jobCause("the device that fetches it", row.device, row.job, context)];
  const collection = await store.get(collections, row.hash);
  const holder = collection?.data === undefined ? undefined : await store.get(data, collection.data);
  if (collection?.job === undefined || holder === undefined) return [];
  return [await jobCause("the device that sends it", holder.device, collection.job, context)];
}

async function jobCause(who: string, of: string, job: string, context: DataOrchestratorContext): Promise<Cause> {
  const { text, until } = await askItself(explainJob, { device: of, job }, context);
  return { text: `${who}: ${text}`, ...(until !== undefined && { until }) };
}

type Store = DataOrchestratorContext["store"];

/** Names of what there is; what is gone is called by its id. */
async function namesOf(ids: Readonly<Record<"data" | "source" | "device", readonly string[]>>, store: Store) {
  type Named = { readonly name: string } | undefined;
  const read = async (of: readonly string[], find: (id: string) => Promise<Named>) => {
    const names = new Map<string, string>();
    for (const id of new Set(of)) names.set(id, (await find(id))?.name ?? id);
    return (id: string) => names.get(id) ?? id;
  };
  return {
    data: await read(ids.data, (id) => store.get(data, id)),
    source: await read(ids.source, (id) => store.get(dataSource, id)),
    device: await read(ids.device, (id) => store.get(device, id)),
  };
}
