import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { resource, type Row } from "../../platform/resource.ts";
import { Query } from "../data-catalogue/contract.ts";
import { Cost, uses } from "./wanted-contract.ts";

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
    reason: Type.String({ description: "Why it failed, or ended before its time" }),
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
  story: ["needed", "selected", "evaluated", "satisfied", "completed", "failed"],
});

const ofRequest = (id: string) => ({ name: dataRequest.name, id });

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
  story: ["created", "confirmed", "rejected", "expired"],
  storyOf: ({ request }) => ofRequest(request),
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
    /** Bytes of it that take room there, where that is not all of them: none of what is mounted. */
    heldBytes: Type.Optional(Type.Integer()),
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
    /** By the job that brings it. */
    errand: ({ state, job, id }) => (state === "placing" && job !== undefined ? [[job, id]] : []),
    /** What is mounted stands and falls with its device and its source. */
    shown: ({ decision, device, source, id }) =>
      decision === "mount"
        ? [
            [device, id],
            [source, id],
          ]
        : [],
    /** By the data that it holds and the data that it is made of: when these change, so may it. */
    following: ({ data, holds = data, id }) => [...new Set([data, holds])].map((piece) => [piece, id]),
  },
  story: ["placing", "ready", "stale", "lost", "removed"],
  storyOf: ({ request }) => (request === undefined ? undefined : ofRequest(request)),
});

export type DataRequest = Row<typeof dataRequest>;
export type DataReservation = Row<typeof dataReservation>;
export type DataReference = Row<typeof dataReference>;
export type DataInstance = Row<typeof dataInstance>;
