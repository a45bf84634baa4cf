import { Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { confirmWithin } from "./network-arguments.ts";

type Given = Readonly<Record<string, unknown>>;

const Value = Type.String({ maxLength: limits.textLength });

export const configureArguments = {
  set: Type.Optional(
    Type.Record(
      Type.String({ pattern: "^[a-z][a-z-]{0,40}$" }),
      Type.Union([Value, Type.Array(Value, { minItems: 1, maxItems: limits.settingValues })]),
      {
        description:
          'Options of the agent and their values: {"profile":"frugal","log-level":"debug","every":["cpu=1s","disks=off"]}; the agent says which may be set; broker and keepalive are taken back unless a new session begins with them',
      },
    ),
  ),
  reset: Type.Optional(
    Type.Array(Type.String({ pattern: "^[a-z][a-z-]{0,40}$" }), {
      maxItems: limits.settings,
      description: "Options that are to be again what the host itself says",
    }),
  ),
  confirmWithin,
};

export const configureOnWire = ({ set = {}, reset = [], confirmWithin: within }: Given): Given => ({
  set: Object.entries(set as Record<string, string | string[]>).map(([name, value]) => ({
    name,
    values: [value].flat(),
  })),
  reset,
  confirmWithinMs: Number(within ?? 0) * SECOND,
});
