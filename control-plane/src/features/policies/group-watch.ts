import { Deadlines } from "./deadlines.ts";
import type { GroupNumbers } from "./group-condition.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { changesAt, givenBy } from "./group-giving.ts";
import { Groups, type Group } from "./groups.ts";
import { groupOf } from "./per.ts";
import type { Quiet } from "./quiet.ts";
import type { Seen } from "./watch.ts";
import { watches } from "./watched-policy.ts";

/** A group of a policy. */
export interface Place {
  readonly policy: string;
  readonly group: string;
}

/** Since when a group was found to be no surprise, or not to be, and when that is looked at again. */
interface QuietSeen {
  readonly quiet: Quiet | undefined;
  readonly until: number;
}

/** What policies about groups look at, as it is now: made of the devices one after another, and kept up with what changes. All of it can be forgotten at any time. */
export class GroupWatch {
  readonly policies: readonly GroupPolicy[];
  readonly byName: ReadonlyMap<string, GroupPolicy>;
  readonly #groups: ReadonlyMap<string, Groups>;
  readonly #changed = new Map<string, Place>();
  /** Of which there is an alert that is not over, or may be one. */
  readonly open = new Set<string>();
  readonly quiet = new Map<string, QuietSeen>();
  /** When what devices give changes by time alone. */
  readonly due = new Deadlines();
  /** When groups will have been without data for too long. */
  readonly silence = new Deadlines();
  /** Up to which device all were taken in; undefined: all were, and the groups are what they are. */
  takenUpTo: string | undefined = "";

  constructor(policies: readonly GroupPolicy[]) {
    this.policies = policies;
    this.byName = new Map(policies.map((each) => [each.name, each]));
    this.#groups = new Map(
      policies.map(({ name, condition: { parts } }) => [name, new Groups(parts.map(({ isOrdered }) => isOrdered))]),
    );
  }

  get isWhole(): boolean {
    return this.takenUpTo === undefined;
  }

  of(policy: string): Groups | undefined {
    return this.#groups.get(policy);
  }

  /**
   * A device is as it is now. Looks at what it gives to the policies that look at some of what changed, undefined: to all; and returns how many
   * parts of conditions that were.
   */
  take(known: Seen, now: number, touched?: ReadonlySet<string>): number {
    let looked = 0;
    let dueAt = Infinity;
    for (const policy of this.policies) {
      const { condition, name } = policy;
      const groups = this.of(name);
      const isTouched = touched === undefined || [...condition.metrics].some((each) => touched.has(each));
      if (isTouched) {
        const isWatched = watches(policy, known.row, known.view);
        const group = isWatched ? groupOf(policy.per, known.row, known.view, policy.members) : undefined;
        const newestAt = known.observations.newestAt(condition.metrics);
        const member = group === undefined ? undefined : { group, given: givenBy(known, policy, now), newestAt };
        looked += member === undefined ? 0 : condition.parts.length;
        for (const each of groups?.put(known.row.id, member) ?? []) this.lookAt({ policy: name, group: each });
      }
      dueAt = Math.min(dueAt, changesAt(known, policy, groups?.givenBy(known.row.id), now));
    }
    if (dueAt < Infinity) this.due.set(known.row.id, dueAt);
    return looked;
  }

  /** A group is to be looked at. */
  lookAt(place: Place): void {
    this.#changed.set(keyOf(place), place);
  }

  lookAtAll(policy: string): void {
    for (const { name: group } of this.of(policy)?.all ?? []) {
      this.quiet.delete(keyOf({ policy, group }));
      this.lookAt({ policy, group });
    }
  }

  /** How many groups are to be looked at. */
  get changed(): number {
    return this.#changed.size;
  }

  /** One of them; who takes it looks at it, or says again that it is to be looked at. */
  takeChanged(): Place | undefined {
    const [first] = this.#changed;
    if (first !== undefined) this.#changed.delete(first[0]);
    return first?.[1];
  }
}

export const keyOf = ({ policy, group }: Place): string => `${policy}/${group}`;
export const placeOf = (key: string): Place => ({
  policy: key.slice(0, key.indexOf("/")),
  group: key.slice(key.indexOf("/") + 1),
});

/** What a condition may know of a group. */
export const numbersOf = (
  { name, members, tallies }: Pick<Group, "name" | "members" | "tallies">,
  { freshFor }: Pick<GroupPolicy, "freshFor">,
  { now, since }: { readonly now: number; readonly since: number },
): GroupNumbers => ({ name, devices: members.size, tallies, isEarly: now < since + freshFor });
