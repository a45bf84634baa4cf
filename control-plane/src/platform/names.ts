import { Type } from "@sinclair/typebox";

export const LabelKey = Type.String({ pattern: "^[a-z0-9]([a-z0-9._/-]{0,61}[a-z0-9])?$" });

/** Keys and values that an operator gives a thing. */
export const Labels = Type.Record(LabelKey, Type.String({ maxLength: 256 }), {
  additionalProperties: false,
  description: "Keys and values an operator gives a device",
});

/** What a person calls a thing. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[^\\s/\\x00-\\x1f\\x7f]([^/\\x00-\\x1f\\x7f]*[^\\s/\\x00-\\x1f\\x7f])?$",
  description: "Name of the device, without a slash",
});
