import { Type } from "@sinclair/typebox";
import { Ref } from "../../platform/action.ts";

/** Of which devices, and of which instances of their metrics, something is asked. */
export const picked = {
  device: Type.Optional(
    Ref("device", "Only this device: id or name; of one of a child control plane, child/name or origin/id"),
  ),
  selector: Type.Optional(
    Type.String({
      maxLength: 2_048,
      description: 'Which devices, as in device list: "site=berlin,role in (gw,edge)"; all when absent',
    }),
  ),
  adevice: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: "Only devices of this aggregated device, by its name" }),
  ),
  instance: Type.Optional(
    Type.Array(Type.String({ maxLength: 256 }), {
      maxItems: 100,
      description: 'Only these instances of the metrics, such as "/var" or "eth0"',
    }),
  ),
} as const;
