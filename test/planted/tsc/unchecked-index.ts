export const first = (names: readonly string[]): number => names[0].length;
