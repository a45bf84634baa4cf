import { Type } from "@sinclair/typebox";
import { limits } from "@edgemere/protocol";

const closed = { additionalProperties: false } as const;
const Word = Type.String({ maxLength: limits.nameLength });
const Milliseconds = Type.Integer({ minimum: 0, maximum: 86_400_000 });
const Step = Type.Union([
  Type.Object({ number: Type.Number() }, closed),
  Type.Object({ truth: Type.Boolean() }, closed),
  Type.Object({ text: Type.String({ maxLength: limits.textLength }) }, closed),
  Type.Object({ field: Word }, closed),
  Type.Object({ call: Type.Object({ name: Word, texts: Type.Array(Word, { maxItems: 3 }) }, closed) }, closed),
  Type.Object({ operator: Word }, closed),
]);
const runTimeoutMs = Type.Integer({ minimum: 1, maximum: 3_600_000 });
const Effect = Type.Union([
  Type.Object({ runTimeoutMs, inventoryRefresh: Type.Object({}, closed) }, closed),
  Type.Object({ runTimeoutMs, serviceStatus: Type.Object({ name: Word }, closed) }, closed),
]);

/** The policies that a device watches by itself, as they travel. */
export const packArguments = {
  version: Type.Integer({ minimum: 1, description: "Above that of the pack that the device has" }),
  policies: Type.Array(
    Type.Object(
      {
        name: Word,
        revision: Type.Integer({ minimum: 0 }),
        condition: Type.Array(Step, { maxItems: limits.conditionSteps }),
        forMs: Milliseconds,
        keepFiringForMs: Milliseconds,
        freshForMs: Milliseconds,
        effects: Type.Array(Effect, { maxItems: limits.policyEffects }),
      },
      closed,
    ),
    { maxItems: limits.packPolicies, description: "In place of all that it had; none: it watches nothing" },
  ),
};
