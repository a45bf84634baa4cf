/** Whether what is held covers what is needed: `*` and a trailing `:*` stand for everything below. */
export const covers = (held: readonly string[], needed: string): boolean =>
  held.some((each) => each === "*" || each === needed || (each.endsWith(":*") && needed.startsWith(each.slice(0, -1))));
