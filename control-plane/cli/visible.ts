import { HIDDEN_CHARACTERS, pictureOf } from "@edgemere/protocol/hostile-text";

/** Text from a device, harmless in a terminal: what would act on it is shown instead. `lines` keeps line ends and tabs. */
export const visible = (text: string, { lines = false } = {}): string =>
  text.replaceAll(HIDDEN_CHARACTERS, (character) =>
    lines && (character === "\n" || character === "\t") ? character : pictureOf(character, ["<", ">"]),
  );
