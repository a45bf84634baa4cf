import { isDeepStrictEqual } from "node:util";
import type { Admission } from "./admission-contract.ts";
import type { Conflict } from "./conflict-contract.ts";
import type { Policy } from "./contract.ts";
import type { Effect } from "./effect-contract.ts";
import { settingsOf } from "./settings-wanted.ts";

/** What of a policy decides whether it is at odds with another. */
export interface Claim extends Pick<Policy, "name" | "priority" | "admission" | "effects"> {
  /** Metrics and events that its condition looks at. */
  readonly looksAt: ReadonlySet<string>;
  /** Ids of the devices that it is about; undefined: it is about whatever is done. */
  readonly devices: ReadonlySet<string> | undefined;
}

type Found = Pick<Conflict, "kind" | "policies" | "about" | "answer"> & { readonly shared: readonly string[] };

/** Where two policies are at odds on devices that both are about. Conditions are not compared: it says what may happen, not that it must. */
export function conflictsOf(one: Claim, other: Claim): readonly Found[] {
  const shared = sharedBy(one.devices, other.devices);
  if (shared === "none") return [];
  const pair = [one, other].toSorted(byPriority) as [Claim, Claim];
  const found = [...ofOutcomes(pair), ...ofDefaults(pair), ...ofCommands(pair), ...ofSettings(pair)];
  return found.map((each) => ({ ...each, shared }));
}

type Pair = readonly [higher: Claim, lower: Claim];
type Told = Omit<Found, "shared">;

/** As decisions rank them: the higher priority, then the name. */
const byPriority = (one: Claim, other: Claim): number =>
  (other.priority ?? 0) - (one.priority ?? 0) || (one.name < other.name ? -1 : 1);

function ofOutcomes(pair: Pair): readonly Told[] {
  const allowing = pair.find(({ admission }) => admission?.outcome === "allow");
  const denying = pair.find(({ admission }) => admission?.outcome === "deny");
  const about = actionsOfBoth(pair);
  if (allowing === undefined || denying === undefined || about.length === 0) return [];
  const answer = `"${allowing.name}" allows what "${denying.name}" denies: where both hold it is refused, whatever their priorities`;
  return [{ kind: "allow-and-deny", policies: [denying.name, allowing.name], about: about.join(", "), answer }];
}

function ofDefaults(pair: Pair): readonly Told[] {
  const [higher, lower] = pair;
  if (actionsOfBoth(pair).length === 0) return [];
  const theirs = lower.admission?.defaults ?? {};
  return Object.entries(higher.admission?.defaults ?? {})
    .filter(([field, value]) => Object.hasOwn(theirs, field) && !isDeepStrictEqual(theirs[field], value))
    .map(([field]) => {
      const why = whyFirst(higher, lower);
      const answer = `both say what ${field} is by default: where both hold it is what "${higher.name}" says, ${why}`;
      return { kind: "defaults", policies: [higher.name, lower.name], about: field, answer };
    });
}

type Command = Extract<Effect, { readonly do: "command" }>;
const commandsOf = ({ effects = [] }: Claim): readonly Command[] => effects.filter((each) => each.do === "command");

/** The same measurement leads to two commands of a kind that say something else. */
function ofCommands([higher, lower]: Pair): readonly Told[] {
  if (![...higher.looksAt].some((each) => lower.looksAt.has(each))) return [];
  const isOther = (one: Command, other: Command) =>
    one.kind === other.kind && !isDeepStrictEqual(one.arguments ?? {}, other.arguments ?? {});
  const kinds = commandsOf(higher)
    .filter((one) => commandsOf(lower).some((other) => isOther(one, other)))
    .map(({ kind }) => kind);
  return [...new Set(kinds)].map((kind) => {
    const answer = `both have ${kind} done, with other arguments, for what they see in the same measurements: where both fire both are done`;
    return { kind: "commands", policies: [higher.name, lower.name], about: kind, answer };
  });
}

/** Both may fire at once, whatever they look at. */
function ofSettings([higher, lower]: Pair): readonly Told[] {
  const theirs = settingsOf(lower);
  return Object.entries(settingsOf(higher))
    .filter(([option, values]) => Object.hasOwn(theirs, option) && !isDeepStrictEqual(theirs[option], values))
    .map(([option]) => {
      const why = whyFirst(higher, lower);
      const answer = `both set ${option}, to other values: while both fire it is what "${higher.name}" says, ${why}`;
      return { kind: "settings", policies: [higher.name, lower.name], about: option, answer };
    });
}

const whyFirst = (higher: Claim, lower: Claim): string =>
  (higher.priority ?? 0) > (lower.priority ?? 0) ? "its priority is higher" : "its name comes first";

/** Patterns of actions that both are about: of two that overlap the narrower one. */
function actionsOfBoth([one, other]: Pair): readonly string[] {
  const found = actionsOf(one.admission).flatMap((mine) =>
    actionsOf(other.admission).flatMap((theirs) =>
      within(mine, theirs) ? [mine] : within(theirs, mine) ? [theirs] : [],
    ),
  );
  return [...new Set(found)];
}

const actionsOf = (admission: Admission | undefined): readonly string[] => admission?.actions ?? [];
const within = (narrow: string, wide: string): boolean =>
  wide === "*" || narrow === wide || (wide.endsWith("/*") && narrow.startsWith(wide.slice(0, -1)));

function sharedBy(one: Claim["devices"], other: Claim["devices"]): readonly string[] | "none" {
  if (one === undefined || other === undefined) return [...(one ?? other ?? [])];
  const shared = [...one].filter((each) => other.has(each));
  return shared.length === 0 ? "none" : shared;
}
