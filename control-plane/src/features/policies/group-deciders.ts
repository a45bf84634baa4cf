import { readingOf } from "@edgemere/protocol/policy";
import type { PoliciesContext } from "./context.ts";
import type { GroupPart } from "./group-condition.ts";
import type { Deciding } from "./group-contract.ts";
import type { GroupPolicy } from "./group-policy.ts";
import type { Group, Groups } from "./groups.ts";

const DEVICES_TOLD = 10;

/** Which devices decide what each part says, those first that decide most. */
export async function decidingOf(
  { condition: { parts }, freshFor }: GroupPolicy,
  { members, tallies }: Group,
  groups: Groups,
  context: PoliciesContext,
): Promise<Deciding> {
  const told: Deciding = [];
  for (const [place, part] of parts.entries()) {
    const giving = [...members].flatMap((id) => {
      const value = groups.givenBy(id)?.[place]?.value;
      return value === undefined || (part.kind === "bool" && value === 0) ? [] : [{ id, value }];
    });
    const some = giving.toSorted(byWeight(part)).slice(0, DEVICES_TOLD);
    const first = await Promise.all(
      some.map(async ({ id, value }) => {
        const known = await context.watch.known(id, context);
        const looked = known && part.judge(readingOf(known, { freshFor }, context.clock.now())).looked;
        const given = part.kind === "number" && { value };
        return { device: id, name: known?.row.name ?? id, ...given, looked: [...(looked ?? [])] };
      }),
    );
    told.push({ what: part.called, devices: giving.length, known: tallies[place]?.known ?? 0, first });
  }
  return told;
}

interface Giving {
  readonly id: string;
  readonly value: number;
}

const byWeight =
  ({ isLeast }: GroupPart) =>
  (one: Giving, other: Giving): number =>
    (isLeast ? one.value - other.value : other.value - one.value) || (one.id < other.id ? -1 : 1);
