import { type TProperties, Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";

/** Packages by their names, with a version where one is wanted. */
export const somePackages = Type.Array(
  Type.String({
    maxLength: limits.nameLength,
    pattern: "^[a-z0-9][a-z0-9+.-]*[a-z0-9+](:[a-z0-9][a-z0-9-]*)?(=[0-9][A-Za-z0-9.+:~-]*)?$",
  }),
  {
    minItems: 1,
    maxItems: limits.packages,
    description: 'Packages, each with a version or without: ["nginx", "curl=8.5.0-2"]',
  },
);

/** How packages are changed, whatever becomes of them. */
export const packageWork = {
  mayRemove: Type.Optional(Type.Boolean({ default: false, description: "Other packages may be removed on the way" })),
  lockWait: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 3_600,
      default: 120,
      description: "Seconds to wait for another program that works on packages",
    }),
  ),
} satisfies TProperties;

/** How packages come. */
export const packageComing = {
  refresh: Type.Optional(Type.Boolean({ default: false, description: "Fetch the lists of what there is first" })),
  configuration: Type.Optional(
    Type.Union([Type.Literal("keep"), Type.Literal("replace")], {
      default: "keep",
      description: "What becomes of configuration that was changed on the device and comes anew",
    }),
  ),
} satisfies TProperties;

/** The arguments as their message has them: its times are milliseconds. */
export function packagesOnWire({
  lockWait,
  ...given
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...given, lockWaitMs: typeof lockWait === "number" ? lockWait * 1_000 : 0 };
}
