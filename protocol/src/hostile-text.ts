/* What a device says is shown as it is, but never obeyed. One list for every place where text of unknown origin meets a screen. */

/**
 * Characters that act on what shows them, or that cannot be seen: controls (C0 with the breaks of lines, C1), marks of writing
 * direction and bidirectional isolates, blanks without width, fillers, tags, interlinear marks, and halves of characters
 * (Unicode 16: categories Cc and Cf, with the fillers of Hangul and Khmer).
 */
export const HIDDEN_CHARACTERS =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

export const hasHiddenCharacters = (text: string): boolean => text.search(HIDDEN_CHARACTERS) >= 0;

/** A hidden character as something to be seen: the picture of a control (␛), or its number between the given marks. */
export function pictureOf(character: string, [before, after]: readonly [string, string]): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : `${before}U+${code.toString(16).toUpperCase().padStart(4, "0")}${after}`;
}

/** JSON, or YAML in double quotes, with the same characters as escapes: nothing is lost. Breaks of lines between values stay. */
export const escapedJson = (json: string): string =>
  json.replaceAll(HIDDEN_CHARACTERS, (character) =>
    character === "\n"
      ? character
      : Array.from(
          { length: character.length },
          (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`,
        ).join(""),
  );
