import { Type } from "@sinclair/typebox";
import { action, Ref } from "../../platform/action.ts";
import { Instant } from "../../platform/instant.ts";

const Looked = Type.Array(Type.Object({ what: Type.String(), value: Type.Optional(Type.Number()) }));
const Verdict = Type.Union(["met", "unmet", "unknown"].map((each) => Type.Literal(each)));
const seconds = (minimum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum: 86_400, description }));

export const explainPolicy = action({
  path: "sa/pe/policy/explain",
  summary: "Tell why a policy fires on a device, or why it does not",
  effect: "read",
  permission: "policy:read",
  scope: "referenced",
  input: Type.Object({
    device: Ref("device", "The device: id or name"),
    policy: Type.String({ minLength: 1, maxLength: 128, description: "Name of the policy" }),
  }),
  output: Type.Object({
    answer: Type.String({ description: "In words" }),
    isWatched: Type.Boolean({ description: "Whether the policy watches the device" }),
    verdict: Type.Optional(Verdict),
    looked: Type.Optional(Looked),
    state: Type.Optional(Type.String({ description: "Of the alert; absent where there is none" })),
    dueAt: Type.Optional(Type.Integer({ description: "When time alone changes something" })),
    conflicts: Type.Optional(
      Type.Array(Type.String(), { description: "Where it is at odds with other policies, in words" }),
    ),
    stopped: Type.Optional(Type.String({ description: "Why none of its effects is done, though it may fire" })),
    settings: Type.Optional(
      Type.Array(Type.String(), { description: "What it has to do with the settings of the device's agent, in words" }),
    ),
    deviceObstacles: Type.Array(Type.String(), {
      description: "Why devices cannot watch it by themselves; none: they can",
    }),
    decidedOn: Type.Optional(
      Type.String({ description: "device: it decides by itself; centre; absent where nobody does" }),
    ),
    heardAt: Type.Optional(
      Type.Integer({ description: "When the device that decides was last heard on its policies" }),
    ),
    pack: Type.Optional(Type.Integer({ description: "Version of the pack of policies that the device runs" })),
    withheld: Type.Optional(
      Type.Array(Type.String(), { description: "What the device is not sent to do by itself, and why, in words" }),
    ),
    packRefused: Type.Optional(Type.String({ description: "Why the device does not watch what it was sent" })),
    quiet: Type.Optional(
      Type.Object({ reason: Type.String(), until: Type.Integer() }, { description: "Why it is no surprise now" }),
    ),
  }),
});

export const dryRunPolicy = action({
  path: "sa/pe/policy/dryrun",
  summary: "Tell on which devices a condition would have fired, and when, by the samples and events that are stored",
  description:
    "Fields of devices, and which of them a selector picks, are taken as they are now; silences, hours and operations are left out. Says the same as watching would have, where every sample came in time. Where older events are kept no more, a condition that counts them is looked at from when they are known.",
  effect: "read",
  permission: "policy:read",
  scope: "filtered",
  isDear: true,
  input: Type.Object({
    condition: Type.String({ minLength: 1, maxLength: 2_048, description: "As of a policy" }),
    selector: Type.Optional(Type.String({ maxLength: 2_048, description: "Which devices; default: every device" })),
    per: Type.Optional(
      Type.String({ maxLength: 140, description: "As of a policy: device, a label, adevice:NAME or fleet" }),
    ),
    for: seconds(0, "Seconds that it must hold; default: 0"),
    keepFiringFor: seconds(0, "Seconds that it must not hold any more; default: 0"),
    freshFor: seconds(10, "Seconds after which a value is too old; default: 300"),
    noData: seconds(0, "Seconds without data that count; default: never"),
    from: Type.Optional(Instant("Begin of the range; default: a day ago")),
    to: Type.Optional(Instant("End of the range; default: now")),
    devices: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, default: 100, description: "Devices that are looked at, at most" }),
    ),
  }),
  output: Type.Object({
    from: Type.Integer({ description: "From when it was looked at: later than asked where older events are unknown" }),
    to: Type.Integer(),
    devices: Type.Integer({ description: "How many devices were looked at" }),
    isWhole: Type.Boolean({
      description: "Whether all that are picked were, with every sample of theirs and over the whole range",
    }),
    fired: Type.Array(
      Type.Object({
        device: Type.String({ description: "Empty where it is about a group" }),
        group: Type.Optional(Type.String()),
        name: Type.String({ description: "Of the device, or of the group" }),
        episodes: Type.Array(
          Type.Object({
            state: Type.String({ description: "firing or nodata" }),
            from: Type.Integer(),
            to: Type.Optional(Type.Integer({ description: "Absent where it had not ended" })),
          }),
        ),
      }),
    ),
  }),
});

export const countWatched = action({
  path: "sa/pe/policy/coverage",
  summary: "Count the policies that are enabled, and the devices that one of them watches",
  effect: "read",
  permission: "policy:read",
  scope: "filtered",
  isDear: true,
  input: Type.Object({}),
  output: Type.Object({ policies: Type.Integer(), devices: Type.Integer() }),
});
