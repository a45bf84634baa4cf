import { Type, type Static } from "@sinclair/typebox";
import { commandKinds, limits, type CommandKind } from "@edgemere/protocol";
import { wanted } from "../data-orchestrator/contract.ts";

const closed = { additionalProperties: false } as const;
const { where, copies, use, bytes, money } = wanted;

const Command = Type.Object(
  {
    do: Type.Literal("command"),
    kind: Type.Union(
      (Object.keys(commandKinds) as CommandKind[])
        .filter((each) => each !== "terminal.open" && each !== "policy.pack")
        .map((each) => Type.Literal(each)),
      { description: "What the device is asked to do; see cpl/dm/job/kinds" },
    ),
    arguments: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: "Arguments of the kind" })),
    queueTimeout: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 604_800, description: "Seconds within which it must start; default: 3600" }),
    ),
  },
  closed,
);
const DataRequest = Type.Object(
  {
    do: Type.Literal("data"),
    query: Type.String({
      minLength: 1,
      maxLength: 2_048,
      description:
        "Which data are wanted, as in diml/find; {device} stands for the id of the device: device_id={device}",
    }),
    lifetime: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_536_000, description: "Seconds they are needed" })),
    where,
    copies,
    use,
    bytes,
    money,
  },
  closed,
);

const Notify = Type.Object(
  {
    do: Type.Literal("notify"),
    contacts: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      minItems: 1,
      maxItems: 16,
      uniqueItems: true,
      description: "Names of contacts that are told when it fires, when its values are missing and when it is over",
    }),
  },
  closed,
);

const Value = Type.String({ maxLength: limits.textLength });
const Configure = Type.Object(
  {
    do: Type.Literal("configure"),
    set: Type.Record(
      Type.String({ pattern: "^[a-z][a-z-]{0,40}$" }),
      Type.Union([Value, Type.Array(Value, { minItems: 1, maxItems: limits.settingValues })]),
      {
        minProperties: 1,
        maxProperties: limits.settings,
        description:
          'Options of the agent and what they are while it fires, as of the command configure: {"profile":"detailed"}; afterwards they are what people want again',
      },
    ),
  },
  closed,
);

/** What follows when an alert fires: once for each time it begins, and what is configured for as long as it lasts. */
export const Effects = Type.Array(Type.Union([Command, DataRequest, Notify, Configure]), {
  maxItems: 8,
  description:
    "What follows when it fires: commands to the device, data requests, contacts that are told, settings of its agent while it lasts",
});
export type Effect = Static<typeof Effects>[number];
export type AskedFor = Extract<Effect, { readonly do: "command" | "data" }>;
export type Configuring = Extract<Effect, { readonly do: "configure" }>;

/** Whether it is asked for once. Who is told is looked after by the notifier, which hears of alerts as everybody does. */
export const isAskedFor = (effect: Effect): effect is AskedFor => effect.do === "command" || effect.do === "data";
/** Whether it holds for as long as the alert lasts. */
export const isConfiguring = (effect: Effect): effect is Configuring => effect.do === "configure";
/** Whether it is done in the name of who wrote the policy. */
export const isInNameOfAuthor = (effect: Effect): effect is AskedFor | Configuring => effect.do !== "notify";

/** The kind of command that it takes; undefined where it takes none. */
const kindOf = (effect: Effect): CommandKind | undefined =>
  effect.do === "command" ? effect.kind : isConfiguring(effect) ? "configure" : undefined;

/** What became of one of them. */
export const Done = Type.Object({
  what: Type.String({ description: "The kind of the command, or data" }),
  at: Type.Integer(),
  made: Type.Optional(
    Type.String({
      description: "Id of the job or of the data request, or of the command that the device asked of itself",
    }),
  ),
  problem: Type.Optional(Type.String({ description: "Why it was not done" })),
  ended: Type.Optional(Type.String({ description: "How it ended, where the device did it by itself" })),
});
export type Done = Static<typeof Done>;

/** The permission that the most dangerous of some effects takes; undefined where none is. */
export function dangerOfEffects({ effects = [] }: { readonly effects?: readonly Effect[] }): string | undefined {
  const kinds = effects.map(kindOf).filter((each) => each !== undefined);
  const dangerous = kinds.find((each) => commandKinds[each].dangerous);
  return dangerous && `command:${dangerous}`;
}
