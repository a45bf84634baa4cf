// Control characters, and those that turn the direction of text: in a terminal they move the cursor, recolour or disguise.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text from a device, harmless in a terminal: what would act on it is shown instead. `lines` keeps line ends and tabs. */
export const visible = (text: string, { lines = false } = {}): string =>
  text.replaceAll(HIDDEN, (character) =>
    lines && (character === "\n" || character === "\t") ? character : picture(character),
  );

/** For JSON and YAML in double quotes: the same characters as escapes, so that nothing is lost. */
export const escaped = (text: string): string =>
  text.replaceAll(HIDDEN, (character) => (character === "\n" ? character : `\\u${hex(character)}`));

export const hasHidden = (text: string): boolean => text.search(HIDDEN) >= 0;

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : `<U+${hex(character).toUpperCase()}>`;
}

const hex = (character: string) => character.charCodeAt(0).toString(16).padStart(4, "0");
