import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { lookups } from "../../platform/crud.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { Query } from "../data-catalogue/contract.ts";

export const decisions = ["leave", "move", "copy", "mount", "cache", "refuse"] as const;
const Decision = Type.Union(decisions.map((each) => Type.Literal(each)));

/** What an application needs, by description and not by place. */
export const dataRequest = resource({
  name: "datarequest",
  summary: "What an application needs, by description and not by place",
  shape: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 256 }),
    query: Query,
    purpose: Type.Object({
      device: Type.Optional(Type.String({ description: "Where it is to be used" })),
      service: Type.Optional(Type.String()),
      /** Milliseconds the data is needed for, from when it is satisfied. */
      lifetime: Type.Integer({ minimum: 1_000 }),
      copies: Type.Integer({ minimum: 1, maximum: 100 }),
    }),
    /** The reference that waits for it, where there is one. */
    reference: Type.Optional(Type.String()),
    author: Type.String(),
    reason: Type.String({ description: "Why it failed" }),
    satisfiedAt: Type.Optional(Type.Integer()),
    endsAt: Type.Optional(Type.Integer()),
  }),
  life: machine("data request", "needed", {
    needed: { select: "selected", fail: "failed" },
    selected: { evaluate: "evaluated", fail: "failed" },
    evaluated: { satisfy: "satisfied", fail: "failed" },
    satisfied: { complete: "completed", fail: "failed" },
    completed: {},
    failed: {},
  }),
  indexes: {
    name: ({ name }) => [[name]],
    end: ({ state, endsAt }) => (state === "satisfied" && endsAt !== undefined ? [[endsAt]] : []),
    reference: ({ reference }) => (reference === undefined ? [] : [[reference]]),
    undecided: ({ state, createdAt }) => (state === "needed" || state === "selected" ? [[createdAt]] : []),
    ended: ({ state, updatedAt }) => (state === "completed" || state === "failed" ? [[updatedAt]] : []),
    evaluated: ({ state, createdAt }) => (state === "evaluated" ? [[createdAt]] : []),
  },
});

/** A piece of data held for a request until it is decided. */
export const dataReservation = resource({
  name: "datareservation",
  summary: "A piece of data held for a request until it is decided",
  shape: Type.Object({
    data: Type.String(),
    source: Type.String(),
    request: Type.String(),
    decision: Type.Optional(Decision),
    cost: Type.Object({ bytes: Type.Integer(), money: Type.Number(), milliseconds: Type.Integer() }),
    expiresAt: Type.Integer(),
    reason: Type.String(),
  }),
  life: machine("data reservation", "created", {
    created: { confirm: "confirmed", reject: "rejected", expire: "expired" },
    confirmed: {},
    rejected: {},
    expired: {},
  }),
  indexes: {
    request: ({ request, id }) => [[request, id]],
    held: ({ state, expiresAt }) => (state === "created" ? [[expiresAt]] : []),
  },
});

/** A service's standing wish for data; makes a request and waits for it. */
export const dataReference = resource({
  name: "datareference",
  summary: "A service's standing wish for data",
  shape: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 256 }),
    shortName: Type.String({ maxLength: 64 }),
    query: Query,
    author: Type.String(),
  }),
  life: machine("data reference", "provisioning", {
    provisioning: { provision: "provisioned", fail: "failedprovision" },
    provisioned: {},
    failedprovision: {},
  }),
  indexes: { name: ({ name }) => [[name]] },
});

/** Data, in the place where it is used. */
export const dataInstance = resource({
  name: "datainstance",
  summary: "Data, in the place where it is used",
  shape: Type.Object({
    name: Type.String(),
    reference: Type.Optional(Type.String()),
    request: Type.Optional(Type.String()),
    data: Type.String(),
    device: Type.String(),
    path: Type.String(),
    hash: Type.String(),
    bytes: Type.Integer(),
  }),
  life: machine("data instance", "placing", {
    placing: { place: "ready", lose: "lost", remove: "removed" },
    ready: { age: "stale", lose: "lost", remove: "removed" },
    stale: { place: "ready", lose: "lost", remove: "removed" },
    lost: { place: "ready", age: "stale", remove: "removed" },
    removed: {},
  }),
  belongsTo: ({ device }) => [device],
  indexes: {
    name: ({ name }) => [[name]],
    request: ({ request, id }) => (request === undefined ? [] : [[request, id]]),
  },
});

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
const DataReferenceInput = Type.Object({
  id: Type.Optional(Type.String({ description: "A reference that exists" })),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  shortName: Type.Optional(Type.String({ maxLength: 64 })),
  query: Type.Optional(Query),
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
/** Ad hoc: "find me this data", as a data request of its own. */
export const findData = action({
  path: "diml/find",
  summary: "Find data and hold it ready: makes a data request",
  effect: "write",
  permission: "data:request",
  input: Type.Object({
    query: Query,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "Name of the request" })),
    lifetime: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 31_536_000, default: 3_600, description: "Seconds it is needed" }),
    ),
    copies: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 1,
        description: "In how many places each content is wanted",
      }),
    ),
  }),
  output: rowSchema(dataRequest),
});
export const requestLookups = lookups(dataRequest, `${PATH}/datarequest`, "data:read");
export const explainRequest = action({
  path: `${PATH}/datarequest/explain`,
  summary: "Show a data request with its reservations and instances",
  effect: "read",
  permission: "data:read",
  input: Type.Object({ request: RequestRef }),
  output: Type.Object({
    request: rowSchema(dataRequest),
    reservations: Type.Array(rowSchema(dataReservation)),
    instances: Type.Array(rowSchema(dataInstance)),
  }),
});
export const referenceLookups = lookups(dataReference, `${PATH}/datareference`, "data:read");
export const reservationLookups = lookups(dataReservation, `${PATH}/datareservation`, "data:read");

export type DataRequest = Row<typeof dataRequest>;
export type DataReservation = Row<typeof dataReservation>;
export type DataReference = Row<typeof dataReference>;
export type DataInstance = Row<typeof dataInstance>;
