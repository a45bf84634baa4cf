import { Type } from "@sinclair/typebox";
import { machine } from "@edgemere/protocol/kit";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";
import { Labels, Name } from "../../platform/names.ts";
import { resource, type Row } from "../../platform/resource.ts";

export const edgeNode = resource({
  name: "edgenode",
  summary: "A permission to connect as a Sparkplug edge node, that one device has",
  shape: Type.Object({
    device: Type.String(),
    group: Type.String(),
    node: Type.String(),
    passwordHash: Type.String(),
    author: Type.String(),
  }),
  life: machine("edge node", "declared", {
    declared: { withdraw: "withdrawn" },
    withdrawn: {},
  }),
  revoking: ["withdrawn"],
  belongsTo: ({ device }) => [device],
  indexes: {
    address: ({ state, group, node }) => (state === "declared" ? [[group, node]] : []),
    device: ({ state, device }) => (state === "declared" ? [[device]] : []),
  },
  secrets: ["passwordHash"],
});

const SparkplugName = Type.String({ minLength: 1, maxLength: 128, description: "As it stands in the node's topics" });
const EdgeNodeOutput = Type.Object({
  device: Type.String({ description: "Id of the device that the edge node is" }),
  group: Type.String(),
  node: Type.String(),
  author: Type.String(),
  createdAt: Type.Integer({ description: "When its password was made" }),
});
const Credentials = Type.Object({
  device: Type.String({ description: "Id of the device that the edge node is" }),
  name: Type.String({ description: "Name of that device" }),
  userName: Type.String({ description: "What the edge node gives as its MQTT user name" }),
  password: Type.String({ description: "What it gives as its MQTT password" }),
});

export const declareEdgeNode = action({
  path: "cpl/dm/edgenode/declare",
  summary: "Make a device of a Sparkplug edge node; its password is shown once",
  isShownOnce: true,
  effect: "write",
  permission: "enrol:create",
  input: Type.Object({
    group: SparkplugName,
    node: SparkplugName,
    name: Type.Optional(Name),
    labels: Type.Optional(Labels),
  }),
  output: Credentials,
});
export const listEdgeNodes = action({
  path: "cpl/dm/edgenode/list",
  summary: "List the Sparkplug edge nodes that may connect",
  effect: "read",
  permission: "device:read",
  scope: "filtered",
  input: Type.Object(pageInput),
  output: PageOf(EdgeNodeOutput),
});
export const renewEdgeNode = action({
  path: "cpl/dm/edgenode/renew",
  summary: "Give a Sparkplug edge node a new password, shown once; the former one ends, and a connection made with it",
  isShownOnce: true,
  effect: "write",
  // Whoever has the new password is the device from then on: that is no enrolment.
  permission: "device:write",
  danger: () => "device:write",
  scope: "referenced",
  input: Type.Object({ device: Ref("device", "The device that the edge node is: id or name") }),
  output: Credentials,
});

export type EdgeNodeRow = Row<typeof edgeNode>;
