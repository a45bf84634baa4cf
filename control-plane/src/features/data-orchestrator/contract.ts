import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { lookups } from "../../platform/crud.ts";
import { explanation } from "../../platform/explanation.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { Query } from "../data-catalogue/contract.ts";
import { Cost, uses, wanted } from "./wanted-contract.ts";

export { PLACING, planData, uses, wanted, type Use } from "./wanted-contract.ts";

export const decisions = ["leave", "move", "copy", "mount", "cache", "refuse"] as const;
const Decision = Type.Union(decisions.map((each) => Type.Literal(each)));

const Purpose = Type.Object({
  device: Type.Optional(Type.String({ description: "Where it is to be used" })),
  service: Type.Optional(Type.String()),
  where: Type.Optional(Type.String({ description: "Selector of the devices where it is to be used" })),
  source: Type.Optional(Type.String({ description: "The data source where it is to be used" })),
  use: Type.Union(uses.map((each) => Type.Literal(each))),
  /** As long as it is satisfied, copies that were lost are made anew, and new data is copied too. */
  isKept: Type.Boolean(),
  budget: Type.Object({ bytes: Type.Optional(Type.Integer()), money: Type.Optional(Type.Number()) }),
  /** Milliseconds the data is needed for, from when it is satisfied. */
  lifetime: Type.Integer({ minimum: 1_000 }),
  copies: Type.Integer({ minimum: 1, maximum: 100 }),
});

/** What an application needs, by description and not by place. */
export const dataRequest = resource({
  name: "datarequest",
  summary: "What an application needs, by description and not by place",
  shape: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 256 }),
    query: Query,
    purpose: Purpose,
    /** The reference that waits for it, where there is one. */
    reference: Type.Optional(Type.String()),
    author: Type.String(),
    reason: Type.String({ description: "Why it failed" }),
    /** Of all that was chosen. */
    cost: Type.Optional(Cost),
    /** While copies are kept: why they are not as many as they must be; empty when they are. */
    cause: Type.Optional(Type.String()),
    tries: Type.Optional(Type.Integer()),
    nextTryAt: Type.Optional(Type.Integer()),
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
  },
});

/** A piece of data held for a request until it is decided. */
export const dataReservation = resource({
  name: "datareservation",
  summary: "A piece of data held for a request until it is decided",
  shape: Type.Object({
    data: Type.String(),
    source: Type.String(),
    /** The source that it would be brought to; absent: it would be used where it lies. */
    target: Type.Optional(Type.String()),
    request: Type.String(),
    decision: Type.Optional(Decision),
    cost: Cost,
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
    purpose: Purpose,
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
    /** What it is an instance of. */
    data: Type.String(),
    device: Type.String(),
    /** The data source on the device. */
    source: Type.String(),
    path: Type.String(),
    hash: Type.String(),
    bytes: Type.Integer(),
    /** leave: it lies there by itself. */
    decision: Decision,
    /** The row of the catalogue for what stands there, once that is known. */
    holds: Type.Optional(Type.String()),
    /** What it waits for, or what went wrong last; empty when nothing did. */
    cause: Type.String(),
    /** How often bringing it failed. */
    tries: Type.Integer(),
    /** While it is brought: when that is looked at again. */
    nextTryAt: Type.Optional(Type.Integer()),
    /** The job that brings it, or that asks a holder for it. */
    job: Type.Optional(Type.String()),
    lostAt: Type.Optional(Type.Integer()),
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
    place: ({ source, path, id }) => [[source, path, id]],
    moving: ({ state, nextTryAt }) => (state === "placing" && nextTryAt !== undefined ? [[nextTryAt]] : []),
    wanted: ({ state, hash, id }) => (state === "placing" ? [[hash, id]] : []),
    /** By the data that it holds and the data that it is made of: when these change, so may it. */
    following: ({ data, holds = data, id }) => [...new Set([data, holds])].map((piece) => [piece, id]),
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
