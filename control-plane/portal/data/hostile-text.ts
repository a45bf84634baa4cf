import { HIDDEN_CHARACTERS, pictureOf } from "@edgemere/protocol/hostile-text";

const LONGEST = 2_000;
/** More marks on one letter than any script has: they would run over the lines above and below. */
const TOWERS = /(\p{M}{6})\p{M}+/gu;

/** One line of text of unknown origin, fit to be shown: characters that cannot be seen are named. */
export const visible = (text: string): string => lowered(shortened(text)).replaceAll(HIDDEN_CHARACTERS, named);

/** The same for text of several lines, such as a program's output. */
export const visibleLines = (text: string): string =>
  lowered(text.replaceAll("\r\n", "\n")).replaceAll(HIDDEN_CHARACTERS, (character) =>
    character === "\n" || character === "\t" ? character : named(character),
  );

/** Any value, as one line. */
export const visibleValue = (value: unknown): string =>
  visible(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

const shortened = (text: string) =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;

const lowered = (text: string) => text.replaceAll(TOWERS, "$1");
const named = (character: string) => pictureOf(character, ["[", "]"]);
