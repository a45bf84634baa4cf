import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { lookups } from "../../platform/crud.ts";
import { explanation } from "../../platform/explanation.ts";
import { rowSchema } from "../../platform/resource.ts";
import { Query } from "../data-catalogue/contract.ts";
import { dataInstance, dataReference, dataRequest, dataReservation } from "./classes-contract.ts";
import { wanted } from "./wanted-contract.ts";

export * from "./classes-contract.ts";
export { requestHistory } from "./history-contract.ts";
export { PLACING, planData, uses, wanted, type Use } from "./wanted-contract.ts";

const PATH = "diml/dml/do";
const RequestRef = Ref("datarequest", "The data request: id or unique name");

export const reserve = action({
  path: `${PATH}/reserve`,
  summary: "Hold every piece of data that a data request could use",
  effect: "write",
  permission: "data:reserve",
  input: Type.Object({ request: RequestRef }),
  output: Type.Object({ request: Type.String(), state: Type.String(), reservations: Type.Integer() }),
});
export const evaluate = action({
  path: `${PATH}/evaluate`,
  summary: "Decide each reservation of a data request: leave, move, copy, mount, cache or refuse",
  effect: "write",
  permission: "data:evaluate",
  input: Type.Object({ request: RequestRef }),
  output: Type.Object({ request: Type.String(), state: Type.String(), instances: Type.Integer() }),
});
const Service = Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "The service that needs it" }));
const DataReferenceInput = Type.Object({
  id: Type.Optional(Type.String({ description: "A reference that exists" })),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  shortName: Type.Optional(Type.String({ maxLength: 64 })),
  query: Type.Optional(Query),
  service: Service,
  ...wanted,
  device: Type.Optional(Type.String({ maxLength: 256, description: "The one device where it is wanted: id or name" })),
  source: Type.Optional(
    Type.String({ maxLength: 256, description: "The one data source where it is wanted: id or name" }),
  ),
  lifetime: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 315_360_000, description: "Seconds it is needed [a year]" }),
  ),
});
export const createInstance = action({
  path: `${PATH}/datainstance/create`,
  summary: "Provide the data of a data reference: makes a data request and waits for it",
  effect: "write",
  permission: "data:request",
  input: Type.Object({
    dataref: Type.Union([DataReferenceInput, Type.String()], {
      description: 'A reference: JSON such as {"name":"logs","query":"kind:log"}, or the id or name of one',
    }),
  }),
  output: Type.Object({ reference: Type.String(), request: Type.String() }),
});
const instanceAlias = { attr1: "id" } as const;
export const destroyInstance = action({
  path: `${PATH}/datainstance/destroy`,
  summary: "Remove a data instance",
  effect: "destroy",
  permission: "data:destroy",
  scope: "referenced",
  aliases: instanceAlias,
  input: Type.Object({ id: Ref("datainstance", "The data instance: id or unique name") }),
  output: rowSchema(dataInstance),
});
export const findInstance = action({
  path: `${PATH}/datainstance/find`,
  summary: "Find one data instance",
  effect: "read",
  permission: "data:read",
  scope: "referenced",
  aliases: instanceAlias,
  input: Type.Object({ id: Ref("datainstance", "The data instance: id or unique name") }),
  output: rowSchema(dataInstance),
});
export const listInstances = action({
  path: `${PATH}/datainstance/list`,
  summary: "List data instances, newest first",
  effect: "read",
  permission: "data:read",
  scope: "filtered",
  aliases: { attr1: "selector" },
  input: Type.Object({
    selector: Type.Optional(
      Type.String({ maxLength: 2_048, description: 'Which instances: "state:ready and device:gw1"' }),
    ),
    ...pageInput,
  }),
  output: PageOf(rowSchema(dataInstance)),
});
export const explainInstance = action({
  path: `${PATH}/datainstance/explain`,
  summary: "Say why a data instance is as it is, and what it waits for",
  effect: "read",
  permission: "data:read",
  scope: "referenced",
  input: Type.Object({ id: Ref("datainstance", "The data instance: id or unique name") }),
  output: Type.Object({ ...explanation, instance: rowSchema(dataInstance) }),
});
/** Ad hoc: "find me this data", as a data request of its own. */
export const findData = action({
  path: "diml/find",
  summary: "Find data and hold it ready: makes a data request",
  effect: "write",
  permission: "data:request",
  scope: "unlimited",
  defaultable: ["use", "copies", "lifetime"],
  input: Type.Object({
    query: Query,
    ...wanted,
    keep: Type.Optional(
      Type.Boolean({
        default: false,
        description: "Make lost copies anew, and copy new data too, for as long as it is needed",
      }),
    ),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "Name of the request" })),
    service: Service,
    lifetime: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 31_536_000, default: 3_600, description: "Seconds it is needed" }),
    ),
  }),
  output: rowSchema(dataRequest),
});
export const requestLookups = lookups(dataRequest, `${PATH}/datarequest`, "data:read");
export const explainRequest = action({
  path: `${PATH}/datarequest/explain`,
  summary: "Say why a data request is where it is, with each decision, its reservations and its instances",
  effect: "read",
  permission: "data:read",
  input: Type.Object({ request: RequestRef }),
  output: Type.Object({
    ...explanation,
    request: rowSchema(dataRequest),
    reservations: Type.Array(
      Type.Intersect([rowSchema(dataReservation), Type.Object({ name: Type.String({ description: "Of the data" }) })]),
    ),
    instances: Type.Array(rowSchema(dataInstance)),
  }),
});
/** Its data reference goes with it: the name can be taken again. */
export const endRequest = action({
  path: `${PATH}/datarequest/end`,
  summary: "End a data request before its time; what was brought for it, and its data reference, go",
  effect: "destroy",
  permission: "data:destroy",
  input: Type.Object({ request: RequestRef }),
  output: rowSchema(dataRequest),
});
export const referenceLookups = lookups(dataReference, `${PATH}/datareference`, "data:read");
export const reservationLookups = lookups(dataReservation, `${PATH}/datareservation`, "data:read");
