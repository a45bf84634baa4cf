import type { Constraint, Content, Surroundings, Wish } from "./planning.ts";
import type { Wanted } from "./survey.ts";

/** Why there is no plan, for whoever asked: what cannot hold together, each with how things are. */
export function refusalOf(
  conflict: readonly Constraint[],
  { wish, wanted }: { readonly wish: Wish; readonly wanted: Wanted },
  contents: readonly Content[],
  world: Surroundings,
): string {
  const bytes = contents.reduce((sum, content) => sum + content.bytes, 0);
  const taking = world.places.filter(({ source }) => world.isWanted(source.device, source.id)).length;
  const answers = contents.flatMap(({ holders }) =>
    holders.flatMap((data) =>
      [undefined, ...world.places.map(({ source }) => source)].map((target) => world.hindranceOf(data, target)),
    ),
  );
  const words: Readonly<Record<Constraint, string>> = {
    where: `where ${wanted.where ?? `it is to be used, ${wanted.source === undefined ? `the device ${wanted.device ?? ""}` : `the source ${wanted.source}`}`} (${taking} places there take data now)`,
    copies: `copies ${wish.copies} (each on another device)`,
    room: `room (${bytes} bytes for each copy of all)`,
    bytes: `a budget of ${wish.budget.bytes ?? 0} bytes`,
    money: `a budget of ${wish.budget.money ?? 0}`,
    policy: `the policy (${answers.find((each) => each !== undefined) ?? "it refuses"})`,
  };
  const listed = conflict.map((each) => words[each]);
  return listed.length > 1
    ? `it cannot be placed: these cannot hold together: ${listed.join("; ")}`
    : `it cannot be placed: ${listed.join("")} cannot be met`;
}
