/* What a device says is shown as it is, but never obeyed: no control character, no change of writing direction. */

const CONTROLS =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const LINE_BREAKS = /[\t\n\r]/g;
const LONGEST = 2_000;

/** One line of text of unknown origin, fit to be shown: characters that cannot be seen are named. */
export const visible = (text: string): string =>
  shortened(text)
    .replace(CONTROLS, named)
    .replace(LINE_BREAKS, (character) => String.fromCodePoint(0x2400 + (character.codePointAt(0) ?? 0)));

/** The same for text of several lines, such as a program's output. */
export const visibleLines = (text: string): string => text.replaceAll("\r\n", "\n").replace(CONTROLS, named);

/** Any value, as one line. */
export const visibleValue = (value: unknown): string =>
  visible(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

const shortened = (text: string) =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;

function named(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}
