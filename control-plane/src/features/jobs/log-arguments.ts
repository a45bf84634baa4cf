import { Type } from "@sinclair/typebox";

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
  sinceMs: Type.Optional(
    Type.Integer({ minimum: 0, description: "Nothing that was last written before, milliseconds since 1970" }),
  ),
  untilMs: Type.Optional(
    Type.Integer({ minimum: 0, description: "No entry of the journal after this, milliseconds since 1970" }),
  ),
  maxBytes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 8_388_608, default: 1_048_576, description: "The newest so many bytes" }),
  ),
  estimate: Type.Optional(Type.Boolean({ default: false, description: "Only say how many bytes there are" })),
};
