import { Type } from "@sinclair/typebox";
import { action, Ref } from "../../platform/action.ts";
import { rowSchema } from "../../platform/resource.ts";
import { dataSource, Tags } from "./contract.ts";

export const registerBucket = action({
  path: "diml/dml/fmdm/objectstore/register",
  summary: "Make a bucket of an object store a data source; again under the same name it is changed",
  effect: "write",
  permission: "data:register",
  secrets: ["secretKey"],
  input: Type.Object({
    name: Type.String({ pattern: "^[A-Za-z0-9][\\w.-]{0,63}$", description: "What the source is called" }),
    endpoint: Type.String({
      maxLength: 256,
      description: "Where the object store is, as --object-store allows it: https://s3.eu-central-1.amazonaws.com",
    }),
    bucket: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9.-]{1,62}$", description: "Name of the bucket" }),
    prefix: Type.Optional(
      Type.String({
        maxLength: 512,
        pattern: "^[^\\x00-\\x1f\\x7f]*$",
        description: "Only objects whose keys begin so",
      }),
    ),
    region: Type.Optional(
      Type.String({ pattern: "^[a-z0-9-]{1,64}$", default: "us-east-1", description: "Its region" }),
    ),
    accessKey: Type.String({ pattern: "^[!-~]{1,128}$", description: "Access key" }),
    secretKey: Type.String({ pattern: "^[!-~]{1,256}$", description: "Secret key: kept sealed, and never shown" }),
    writable: Type.Optional(
      Type.Boolean({ default: false, description: "Data of other places may be put there, and taken away again" }),
    ),
    room: Type.Optional(
      Type.Integer({ minimum: 0, default: 1024 ** 4, description: "Bytes that may lie there, where it is writable" }),
    ),
    tags: Type.Optional(Tags),
    rules: Type.Optional(
      Type.Array(
        Type.Object(
          { prefix: Type.String({ minLength: 1, maxLength: 512 }), tags: Tags },
          { additionalProperties: false },
        ),
        {
          maxItems: 32,
          description: 'Tags of objects whose names begin so: [{"prefix":"captures/","tags":{"kind":"capture"}}]',
        },
      ),
    ),
  }),
  output: rowSchema(dataSource),
});
export const unregisterBucket = action({
  path: "diml/dml/fmdm/objectstore/unregister",
  summary: "Shut down the source of a bucket: its credentials are forgotten, its meta-data stays",
  effect: "write",
  permission: "data:register",
  scope: "referenced",
  isAllowedWhenFull: true,
  input: Type.Object({ source: Ref("datasource", "The source: id or unique name") }),
  output: rowSchema(dataSource),
});
export const askBucket = action({
  path: "diml/dml/fmdm/objectstore/ask",
  summary: "Have content fetched from a bucket, put there or dropped there; asked again, it tells how far that is",
  effect: "write",
  permission: "data:place",
  scope: "referenced",
  input: Type.Object({
    errand: Type.Union([Type.Literal("fetch"), Type.Literal("put"), Type.Literal("drop")], {
      description: "fetch: it becomes a file of the centre. put: such a file becomes an object. drop: the object goes",
    }),
    source: Ref("datasource", "The source: id or unique name"),
    name: Type.String({ minLength: 1, maxLength: 1_024, pattern: "^[^\\x00-\\x1f\\x7f]+$", description: "The object" }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the content, hex" }),
  }),
  output: Type.Object({
    state: Type.Union([Type.Literal("running"), Type.Literal("failed")], {
      description: "What succeeded shows elsewhere: as a file, in the catalogue",
    }),
    cause: Type.String({ description: "Why it failed; told once" }),
  }),
});
