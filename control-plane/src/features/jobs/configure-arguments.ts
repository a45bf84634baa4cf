import { Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";

type Given = Readonly<Record<string, unknown>>;

const Value = Type.String({ maxLength: limits.textLength });

export const configureArguments = {
  set: Type.Optional(
    Type.Record(
      Type.String({ pattern: "^[a-z][a-z-]{0,40}$" }),
      Type.Union([Value, Type.Array(Value, { minItems: 1, maxItems: limits.settingValues })]),
      {
        description:
          'Options of the agent and their values: {"profile":"frugal","log-level":"debug","every":["cpu=1s","disks=off"]}; the agent says which may be set',
      },
    ),
  ),
  reset: Type.Optional(
    Type.Array(Type.String({ pattern: "^[a-z][a-z-]{0,40}$" }), {
      maxItems: limits.settings,
      description: "Options that are to be again what the host itself says",
    }),
  ),
};

export const configureOnWire = ({ set = {}, reset = [] }: Given): Given => ({
  set: Object.entries(set as Record<string, string | string[]>).map(([name, value]) => ({
    name,
    values: [value].flat(),
  })),
  reset,
});
