/** The lines of a text of the kernel, each as its words. */
export const wordsOfLines = (text: string): readonly (readonly string[])[] =>
  text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words[0] !== "");

/** A column as a number; NaN where the kernel is older than the column. */
export const column = (words: readonly string[], index: number): number => Number(words[index] ?? NaN);
