import { Type } from "@sinclair/typebox";
import { action, Ref } from "../../platform/action.ts";
import { Query } from "../data-catalogue/contract.ts";

/**
 * What may become of data that is wanted in another place than where it lies. move: it is taken away there; cache: a copy that may go when
 * room is short; mount: it is shown there, and what is read of it is fetched then.
 */
export const uses = ["copy", "move", "cache", "mount"] as const;
export type Use = (typeof uses)[number];

export const Cost = Type.Object({
  bytes: Type.Integer({ description: "Bytes that are moved there now" }),
  readBytes: Type.Optional(
    Type.Integer({
      description: "Of what is mounted: bytes that come later at most, for each time that all of it is read",
    }),
  ),
  money: Type.Number({ description: "By the tag `cost` of the source, which is money for a GiB" }),
  milliseconds: Type.Integer({ description: "An estimate" }),
});

const Where = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description: 'Selector of the devices where it is wanted: "site=berlin"; absent: it is used where it lies',
});
/** Needed beside the permission to ask for data: to have it brought to devices. */
export const PLACING = "data:place";
/** Where and how data is wanted: of a request, and of a plan that is only shown. */
export const wanted = {
  where: Type.Optional(Where),
  device: Type.Optional(Ref("device", "The one device where it is wanted: id or name")),
  source: Type.Optional(Ref("datasource", "The one data source where it is wanted, such as a bucket: id or name")),
  copies: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 1, description: "In how many places each content is wanted" }),
  ),
  use: Type.Optional(
    Type.Union(
      uses.map((each) => Type.Literal(each)),
      {
        default: "copy",
        description: "What becomes of data that is wanted elsewhere; the policy may decide otherwise",
      },
    ),
  ),
  bytes: Type.Optional(Type.Integer({ minimum: 0, description: "Bytes that may be moved at most" })),
  money: Type.Optional(
    Type.Number({ minimum: 0, description: "What may be paid at most, by the tag `cost` of sources: money for a GiB" }),
  ),
};
/** Shows what a request would do; nothing is held, and nothing moves. */
export const planData = action({
  path: "diml/plan",
  summary: "Show where data would be brought, with bytes and cost, and change nothing",
  effect: "read",
  permission: "data:request",
  scope: "unlimited",
  input: Type.Object({ query: Query, ...wanted }),
  output: Type.Object({
    steps: Type.Array(
      Type.Object({
        name: Type.String(),
        data: Type.String(),
        from: Type.String({ description: "Id of the device where it lies" }),
        to: Type.String({ description: "Id of the device where it would be used" }),
        target: Type.Optional(Type.String({ description: "The source it would be brought to; absent: left" })),
        cost: Cost,
      }),
    ),
    cost: Cost,
    refusal: Type.String({ description: "Why it cannot be done, and what cannot hold together; empty when it can" }),
  }),
});
