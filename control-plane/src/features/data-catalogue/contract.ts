import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { scattered } from "../../platform/keys.ts";
import { resource, rowSchema, type Row } from "../../platform/resource.ts";
import { statesInput } from "../../platform/states.ts";
import { lookups } from "../../platform/crud.ts";

/** Keys of tags are shown and typed: no control characters. */
export const TAG_KEY = /^[^\x00-\x1f\x7f]{1,256}$/;
export const TAG_LENGTH = 256;

export const Tags = Type.Record(Type.String({ pattern: TAG_KEY.source }), Type.String({ maxLength: TAG_LENGTH }), {
  additionalProperties: false,
  description: "Meta-data: keys and values",
});
export const Query = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description:
    'Which data: "owner:darren", "kind in (log,capture)", "size > 1000 and not site:berlin"; words are joined by and, or, not',
});

/** One piece of data, wherever it lies. */
export const data = resource({
  name: "data",
  summary: "One piece of data in one place",
  shape: Type.Object({
    name: Type.String(),
    source: Type.String(),
    device: Type.String({ description: "Where it lies; empty where that is no device" }),
    /** Of what the centre has: the device that it was collected from, or that it is for. */
    from: Type.Optional(Type.String()),
    access: Type.Union([Type.Literal("read"), Type.Literal("read-write")]),
    bytes: Type.Integer(),
    /** SHA-256, hex. */
    hash: Type.String(),
    /** What the catalogue, the source and operators say of it; the operators' words win. */
    tags: Tags,
    /** Those that operators set. */
    givenTags: Tags,
    /** Those that an object store, and the rules of its source, say of it. */
    ownTags: Type.Optional(Tags),
    /** What its object store calls this state of it. */
    revision: Type.Optional(Type.String()),
    modifiedAt: Type.Integer(),
    /** Of a copy that was brought there: what it was made of, and for whom; of evidence: for which alert. */
    lineage: Type.Optional(
      Type.Object({
        data: Type.String({ description: "The data it is a copy of; empty: of none" }),
        device: Type.String({ description: "Where that lay" }),
        request: Type.String({ description: "The data request that it was made for; empty: for none" }),
        alert: Type.Optional(Type.String({ description: "The alert for which a policy had it collected" })),
        at: Type.Integer({ description: "When it stood there, milliseconds since 1970" }),
      }),
    ),
  }),
  life: machine("data", "available", {
    available: { lose: "unavailable", remove: "removed" },
    unavailable: { recover: "available", remove: "removed" },
    removed: { recover: "available" },
  }),
  belongsTo: ({ device, from = device }) => [from],
  indexes: {
    source: ({ source, name }) => [[source, name]],
    name: ({ name }) => [[name]],
    hash: ({ hash }) => [[hash]],
    /** On devices, by their content. */
    holding: ({ state, hash, device }) => (state === "available" && device !== "" ? [[hash, scattered(device)]] : []),
    removed: ({ state, updatedAt }) => (state === "removed" ? [[updatedAt]] : []),
  },
});

/** Of devices: what stands in a directory, what a program says, what a database holds. */
export const deviceKinds = ["directory", "stream", "database"] as const;
export const sourceKinds = [...deviceKinds, "store", "bucket"] as const;
/** The one source that holds the centre's own files. */
export const OWN_STORE = "store";

/** A place data may live. */
export const dataSource = resource({
  name: "datasource",
  summary: "A place data may live",
  shape: Type.Object({
    name: Type.String(),
    device: Type.String({ description: "Empty where it is no device's" }),
    path: Type.String(),
    kind: Type.Union(
      sourceKinds.map((each) => Type.Literal(each)),
      {
        description:
          "directory: of a device; stream, database: one where the device records what a program says, or a database holds; store: the centre's own files; bucket: of an object store",
      },
    ),
    totalBytes: Type.Integer(),
    freeBytes: Type.Integer(),
    /** Data of other places may be put there, and taken away again: the device says so. */
    takesData: Type.Boolean(),
    /** The folder of the device in which data is shown that does not lie there; absent where it can show none. */
    mountFolder: Type.Optional(Type.String()),
    /** What is free and promised to nobody. */
    availableBytes: Type.Integer(),
    /** Bytes promised to requests that are not decided yet. */
    reservedBytes: Type.Integer(),
    /** Bytes of data that is on its way there. */
    placingBytes: Type.Integer(),
    tags: Tags,
    failure: Type.String(),
    condition: Type.Optional(
      Type.String({
        description: "Why nothing new is recorded there, while what is there can be read; empty: nothing is wrong",
      }),
    ),
    /** While an object store cannot be looked at, or nothing is recorded: when that is tried again. */
    nextTryAt: Type.Optional(Type.Integer()),
    reportedAt: Type.Integer(),
  }),
  life: machine("data source", "ready", {
    ready: { suspend: "suspended", shutdown: "shutdown" },
    suspended: { resume: "ready", shutdown: "shutdown" },
    shutdown: { resume: "ready" },
  }),
  belongsTo: ({ device }) => [device],
  indexes: {
    device: ({ device, name }) => [[device, name]],
    name: ({ name }) => [[name]],
    taking: ({ state, takesData, id }) => (state === "ready" && takesData ? [[id]] : []),
  },
});

/** Bytes that nobody was promised: by the device's last word, without what is on its way. */
export const availableBytes = ({ freeBytes, placingBytes }: Pick<DataSource, "freeBytes" | "placingBytes">): number =>
  Math.max(0, freeBytes - placingBytes);

/** What a query may speak of: bare words are tags. */
export const dataVocabulary = {
  fields: {
    id: "string",
    name: "string",
    /** Bytes. */
    size: "number",
    kind: "string",
    extension: "string",
    /** Names; their ids stand beside them. */
    source: "string",
    source_id: "string",
    device: "string",
    device_id: "string",
    access: "string",
    hash: "string",
    state: "string",
    modified_at: "number",
    /** The alert that it was collected for. */
    alert: "string",
    tags: "map",
  },
  labels: "tags",
} as const;

/** Where copies of a content lie apart: on devices, and in sources that are no device's. */
export const placeOf = (device: string, source: string): string => device || source;

export const queryData = action({
  path: "diml/dml/fmdm/query",
  summary: "Find data by an expression over its meta-data",
  description:
    'Bare words are tags. The fields are name, size (bytes), kind, extension, source, device, access, hash, state, modified_at and alert (for which it was collected). CEL is understood too: name.endsWith(".log") && size > 1000. Removed data is not found.',
  effect: "read",
  permission: "data:read",
  scope: "filtered",
  input: Type.Object({ expression: Query, ...pageInput }),
  output: PageOf(rowSchema(data)),
});
export const dataLookups = lookups(data, "diml/dml/fmdm/data", "data:read");
const lookedUp = lookups(dataSource, "diml/dml/fmdm/datasource", "data:read");
export const sourceLookups = {
  find: lookedUp.find,
  list: action({
    ...lookedUp.list,
    input: Type.Object({
      device: Type.Optional(Ref("device", "Only those on one device: id or name")),
      ...statesInput(dataSource),
      ...pageInput,
    }),
  }),
};
export const tagData = action({
  path: "diml/dml/fmdm/data/tag",
  summary: "Set and remove tags of a piece of data",
  effect: "write",
  permission: "data:tag",
  scope: "referenced",
  input: Type.Object({
    id: Ref("data", "The data: id or unique name"),
    set: Type.Optional(Tags),
    remove: Type.Optional(Type.Array(Type.String(), { description: "Keys of tags that an operator set" })),
  }),
  output: rowSchema(data),
});

export const refreshSources = action({
  path: "diml/dml/fmdm/datasource/refresh",
  summary: "Look again whether the data of a device's sources can be reached",
  effect: "write",
  permission: "data:refresh",
  scope: "referenced",
  input: Type.Object({ device: Ref("device", "The device: id or name") }),
  output: Type.Object({ device: Type.String(), sources: Type.Integer() }),
});

export const catalogueFile = action({
  path: "diml/dml/fmdm/data/catalogue",
  summary: "Have the catalogue follow a file that the centre has, or had",
  effect: "write",
  permission: "data:refresh",
  input: Type.Object({ file: Type.String({ minLength: 1, maxLength: 256, description: "Id of the file" }) }),
  output: Type.Object({ file: Type.String(), state: Type.String({ description: "Of its data; empty: it is none" }) }),
});

export type Data = Row<typeof data>;
export type DataSource = Row<typeof dataSource>;
