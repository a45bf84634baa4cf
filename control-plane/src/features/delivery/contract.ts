import { Type } from "@sinclair/typebox";
import { action, PageOf, pageInput, Ref } from "../../platform/action.ts";

const DeviceRef = Ref("device", "The device: id or name");

export const accountForRecords = action({
  path: "cpl/dm/device/accounting",
  summary: "Account for every record a device has produced: received, explained, or still on the device",
  description:
    "Records of a stream are numbered without holes. Of those up to `acknowledged` each was received or its loss explained: `missing` is 0. What the device has produced since waits on it.",
  effect: "read",
  permission: "device:read",
  scope: "referenced",
  input: Type.Object({ device: DeviceRef }),
  output: Type.Object({
    device: Type.String(),
    saidAt: Type.Optional(Type.Integer({ description: "When the device last said how far it is" })),
    streams: Type.Array(
      Type.Object({
        stream: Type.String(),
        produced: Type.Optional(
          Type.Integer({ description: "By the device's word, or more when more has arrived since" }),
        ),
        acknowledged: Type.Integer({ description: "Up to this number nothing will come any more" }),
        received: Type.Integer({ description: "Of these, stored" }),
        explained: Type.Integer({ description: "Of these, lost with a reason" }),
        missing: Type.Integer({ description: "Of these, neither: never above 0" }),
        waiting: Type.Optional(Type.Integer({ description: "Produced and not acknowledged" })),
      }),
    ),
    losses: Type.Array(Type.Object({ stream: Type.String(), reason: Type.String(), records: Type.Integer() }), {
      description: "What is explained, by reason",
    }),
    refused: Type.Array(
      Type.Object({
        stream: Type.String(),
        sequence: Type.Integer(),
        at: Type.Integer(),
        reason: Type.String(),
        detail: Type.String(),
        bytes: Type.Integer(),
        hash: Type.String({ description: "SHA-256 of the record as it came" }),
      }),
      { description: "The newest records that broke a rule and were not stored" },
    ),
    setAside: Type.Array(
      Type.Object({
        stream: Type.String(),
        sequence: Type.Integer(),
        at: Type.Integer(),
        error: Type.String(),
        bytes: Type.Integer(),
        content: Type.String({ description: "The record as it came, base64; of a large one the beginning" }),
      }),
      { description: "The newest records that the control plane itself failed on, explained as `failed`" },
    ),
    refusals: Type.Record(Type.String(), Type.Integer(), {
      description: "Messages that were refused whole, by reason, since the control plane started",
    }),
  }),
});
export const listDeviceEvents = action({
  path: "cpl/dm/device/events",
  summary: "List what the agent on a device noted for operators, newest first",
  effect: "read",
  permission: "device:read",
  scope: "referenced",
  input: Type.Object({ device: DeviceRef, ...pageInput }),
  output: PageOf(
    Type.Object({
      at: Type.Integer({ description: "When it happened, by the control plane's clock" }),
      isEstimated: Type.Boolean({ description: "The device did not know the time; `at` is when it was told" }),
      name: Type.String(),
      detail: Type.String(),
      receivedAt: Type.Integer(),
    }),
  ),
});
