/** What can be named by words on the command line. */
export interface Addressed {
  readonly words: readonly string[];
  /** Meant by all its words only, not by an ending of them. */
  readonly isWhole?: true;
}

export type Found<E extends Addressed> =
  | { readonly kind: "one"; readonly entry: E; readonly rest: readonly string[] }
  | { readonly kind: "group"; readonly words: readonly string[] }
  | { readonly kind: "several"; readonly candidates: readonly string[] }
  | { readonly kind: "none"; readonly near: readonly string[] };

/** Finds what the first words mean: a whole address, or the end of exactly one. Words left over belong to the command. */
export function findByWords<E extends Addressed>(entries: readonly E[], typed: readonly string[]): Found<E> {
  const words = typed.map((word) => word.toLowerCase());
  for (let count = words.length; count > 0; count--) {
    const head = words.slice(0, count);
    const ending = entries.filter(
      ({ words, isWhole }) => endsWith(words, head) && (!isWhole || words.length === head.length),
    );
    const entry = theOneOf(ending, head);
    // A group of the same name may be meant as well, where nothing more is said.
    const groups = count < words.length ? [] : groupsOf(entries).filter((group) => endsWith(group, head));
    const whole = groups.find(({ length }) => length === count);
    if (entry?.words.length !== count && whole !== undefined) return { kind: "group", words: whole };
    if (entry !== undefined && entry.words.length > count && groups.length > 0)
      return { kind: "several", candidates: [entry.words, ...groups].map((each) => each.join(" ")) };
    if (entry !== undefined) return { kind: "one", entry, rest: typed.slice(count) };
    if (ending.length > 0) return { kind: "several", candidates: ending.map(nameOf) };
  }
  const groups = groupsOf(entries).filter((group) => endsWith(group, words));
  const group = groups.find(({ length }) => length === words.length) ?? (groups.length === 1 ? groups[0] : undefined);
  if (group !== undefined) return { kind: "group", words: group };
  if (groups.length > 0) return { kind: "several", candidates: groups.map((each) => each.join(" ")) };
  return { kind: "none", near: nearest(entries, words) };
}

/** The shortest name that means this entry and no other; where a class stands before the verb, with the class. */
export function shortName<E extends Addressed>(entries: readonly E[], entry: E): string {
  const { words } = entry;
  const counts = words.map((_, index) => index + 1).slice(words.length > 2 ? 1 : 0);
  const enough = counts.find((count) => {
    const found = findByWords(entries, words.slice(-count));
    return found.kind === "one" && found.entry === entry && found.rest.length === 0;
  });
  return words.slice(-(enough ?? words.length)).join(" ");
}

export const startsWith = (words: readonly string[], head: readonly string[]) =>
  head.length <= words.length && head.every((word, index) => word === words[index]);

const nameOf = ({ words }: Addressed) => words.join(" ");
const endsWith = (words: readonly string[], tail: readonly string[]) =>
  tail.length <= words.length && startsWith(words.slice(-tail.length), tail);

// A whole address wins; so does a verb right below its layer ("diml find") over the many classes that have it too.
function theOneOf<E extends Addressed>(ending: readonly E[], head: readonly string[]): E | undefined {
  if (ending.length === 1) return ending[0];
  const whole = ending.find(({ words }) => words.length === head.length);
  if (whole !== undefined || head.length > 1) return whole;
  const high = ending.filter(({ words }) => words.length === 2);
  return high.length === 1 ? high[0] : undefined;
}

function groupsOf(entries: readonly Addressed[]): readonly (readonly string[])[] {
  const prefixes = entries.flatMap(({ words }) => words.slice(0, -1).map((_, index) => words.slice(0, index + 1)));
  return [...new Map(prefixes.map((prefix) => [prefix.join(" "), prefix])).values()];
}

/** Those that are nearest to what was typed, up to three. */
function nearest(entries: readonly Addressed[], typed: readonly string[]): readonly string[] {
  const wanted = typed.slice(0, 5).join(" ").slice(0, 100);
  const near = entries
    .map((entry) => {
      const tails = entry.words.map((_, index) => entry.words.slice(index).join(" "));
      return { name: nameOf(entry), distance: Math.min(...tails.map((tail) => distance(tail, wanted))) };
    })
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 4))
    .toSorted((a, b) => a.distance - b.distance);
  return near
    .filter(({ distance }) => distance === near[0]?.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** How many letters must be changed, added or removed to make one word of the other. */
function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()];
  for (const [i, letter] of a.split("").entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split("").entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
