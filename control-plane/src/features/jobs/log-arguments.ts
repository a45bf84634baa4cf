import { Type } from "@sinclair/typebox";
import { Instant } from "../../platform/instant.ts";

/** Which logs of a device are read. */
export const logArguments = {
  files: Type.Optional(
    Type.Array(Type.String({ maxLength: 4_096, pattern: "^/" }), {
      maxItems: 100,
      description: 'Files, folders, or names with *: ["/var/log/nginx/*.log"]; the device says which folders are open',
    }),
  ),
  units: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      maxItems: 100,
      description: "Services whose journal is wanted",
    }),
  ),
  journal: Type.Optional(Type.Boolean({ default: false, description: "The whole journal" })),
  since: Type.Optional(Instant("Nothing that was last written before: -2h, 2026-03-01T14:05Z")),
  until: Type.Optional(Instant("No entry of the journal after this: -1h, 2026-03-01T15:05Z")),
  maxBytes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 8_388_608, default: 1_048_576, description: "The newest so many bytes" }),
  ),
  estimate: Type.Optional(Type.Boolean({ default: false, description: "Only say how many bytes there are" })),
};

export const logOnWire = ({ since, until, ...asked }: Readonly<Record<string, unknown>>) => ({
  ...asked,
  ...(since !== undefined && { sinceMs: since }),
  ...(until !== undefined && { untilMs: until }),
});
