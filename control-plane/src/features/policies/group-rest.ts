import type { GroupPolicy } from "./group-policy.ts";
import type { Group, Groups } from "./groups.ts";
import { Tally } from "./tally.ts";

/** A group without some of its devices. */
export function without(
  some: Iterable<string>,
  { condition: { parts } }: GroupPolicy,
  { members }: Group,
  groups: Groups,
): Pick<Group, "members" | "tallies"> {
  const rest = new Set(members);
  for (const id of some) rest.delete(id);
  const tallies = parts.map(({ isOrdered }) => new Tally(isOrdered));
  for (const id of rest) for (const [place, given] of (groups.givenBy(id) ?? []).entries()) tallies[place]?.add(given);
  return { members: rest, tallies };
}

/** Whether a device is one of those by which a condition holds: a part of it holds there, or takes in its number. */
export const isDeciding = ({ condition: { parts } }: GroupPolicy, groups: Groups, id: string): boolean =>
  (groups.givenBy(id) ?? []).some(({ value }, place) =>
    parts[place]?.kind === "bool" ? value === 1 : value !== undefined,
  );
