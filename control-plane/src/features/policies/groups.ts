import { Tally, type Given } from "./tally.ts";

/** A device in a group, with what it gives to each part of the condition. */
interface Member {
  readonly group: string;
  readonly given: readonly Given[];
}

/** Devices that one policy looks at together. */
export interface Group {
  readonly name: string;
  readonly members: ReadonlySet<string>;
  /** One for each part of the condition. */
  readonly tallies: readonly Tally[];
  /** When the newest of what was measured was measured. */
  readonly newestAt: number;
}

interface Kept extends Group {
  readonly members: Set<string>;
  newestAt: number;
}

/** The groups of one policy, as they are now: a device that changes costs what its own parts cost, however many there are. */
export class Groups {
  readonly #members = new Map<string, Member>();
  readonly #groups = new Map<string, Kept>();
  readonly #ordered: readonly boolean[];

  /** For each part of the condition, whether its values are looked at in their order. */
  constructor(ordered: readonly boolean[]) {
    this.#ordered = ordered;
  }

  get all(): Iterable<Group> {
    return this.#groups.values();
  }

  find(name: string): Group | undefined {
    return this.#groups.get(name);
  }

  /** What a device gives; undefined where it is in no group. */
  givenBy(id: string): readonly Given[] | undefined {
    return this.#members.get(id)?.given;
  }

  /** A device is in a group, or in none any more. Returns the groups that are others now. */
  put(id: string, of?: Member & { readonly newestAt: number }): readonly string[] {
    const before = this.#members.get(id);
    if (before === undefined && of === undefined) return [];
    if (before !== undefined && of !== undefined && before.group === of.group) {
      const group = this.#groups.get(of.group);
      if (group !== undefined) group.newestAt = Math.max(group.newestAt, of.newestAt);
      if (of.given.every((each, place) => isSame(each, before.given[place]))) return [];
    }
    if (before !== undefined) this.#leave(id, before, before.group !== of?.group);
    if (of !== undefined) this.#enter(id, of);
    const touched = [before?.group, of?.group].filter((each) => each !== undefined);
    for (const each of touched) this.#renewed(each);
    return [...new Set(touched)];
  }

  #leave(id: string, { group: name, given }: Member, isForGood: boolean): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    for (const [place, tally] of group.tallies.entries()) tally.remove(given[place] ?? nothing);
    this.#members.delete(id);
    group.members.delete(id);
    if (isForGood && group.members.size === 0) this.#groups.delete(name);
  }

  #enter(id: string, { group: name, given, newestAt }: Member & { readonly newestAt: number }): void {
    const fresh = { name, members: new Set<string>(), tallies: this.#ordered.map((each) => new Tally(each)), newestAt };
    const group = this.#groups.get(name) ?? fresh;
    this.#groups.set(name, group);
    group.newestAt = Math.max(group.newestAt, newestAt);
    group.members.add(id);
    this.#members.set(id, { group: name, given });
    for (const [place, tally] of group.tallies.entries()) tally.add(given[place] ?? nothing);
  }

  #renewed(name: string): void {
    const group = this.#groups.get(name);
    for (const [place, tally] of group?.tallies.entries() ?? [])
      if (tally.isWorn) tally.renew(this.#valuesOf(group as Group, place));
  }

  *#valuesOf({ members }: Group, place: number): Iterable<number> {
    for (const id of members) {
      const value = this.#members.get(id)?.given[place]?.value;
      if (value !== undefined) yield value;
    }
  }
}

const nothing: Given = { value: undefined, isMissed: false };
const isSame = (one: Given, other: Given | undefined): boolean =>
  one.value === other?.value && one.isMissed === other?.isMissed;
