/*
 * What a device shows in a terminal is hostile text: a terminal answers some of it as if somebody had typed, and lets some of it
 * reach clipboard, title or links. Sequences are those of ECMA-48 and xterm (invisible-island.net/xterm/ctlseqs).
 */

/** Longest sequence that is waited for; what is longer is none. */
const LONGEST = 256;

// Strings up to their end: OSC (title, clipboard, links, colours), DCS (questions, pictures), SOS, PM, APC. None of them is let through.
const OPENS_STRING = "]PX^_";
/** After ESC: what moves, saves, restores, chooses characters or resets. Not Z, which asks who is there. */
const ESCAPES = /^[78DEHMNOc=>]$/;
/** ESC, intermediates and a final: character sets and alignments. */
const CHARACTER_SET = /^[()*+\-./#%][0-9A-Za-z@%]$/;
/** CSI: parameters, intermediates, final. Finals that ask for an answer (c n x) or act on the window (t) are not let through. */
const CONTROL = /^\[([0-9:;<=>?]*)([ -/]*)([@-~])$/;
const ASKS = "cnxt";
/** Controls that terminals act on harmlessly: BEL, BS, TAB, LF, VT, FF, CR, SO, SI. ENQ asks for an answer. */
const HARMLESS = /[\u0007-\u000f]/;
const ESC = "\u001b";

/** Takes what a device shows piece by piece, however it is cut; gives what may reach a terminal. */
export function terminalFilter(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder();
  let sequence = "";
  let isInString = false;
  let isEscInString = false;

  const take = (character: string): string => {
    if (isInString) {
      // BEL or ST end it; CAN, SUB and another sequence do, too.
      const isEnd =
        character === "\u0007" || character === "\u009c" || character === "\u0018" || character === "\u001a";
      if (isEnd || (isEscInString && character === "\\")) isInString = false;
      else if (isEscInString) {
        isInString = false;
        sequence = ESC;
        isEscInString = false;
        return take(character);
      }
      isEscInString = character === ESC;
      return "";
    }
    if (character === ESC) {
      sequence = ESC;
      return "";
    }
    if (sequence === "") return isShown(character) ? character : "";
    return inSequence(character);
  };

  const inSequence = (character: string): string => {
    // Controls inside a sequence act at once, and leave it as it is.
    if (character < " ") {
      if (character === "\u0018" || character === "\u001a") sequence = "";
      return isShown(character) ? character : "";
    }
    sequence += character;
    const after = sequence.slice(1);
    if (after.length === 1 && OPENS_STRING.includes(after)) {
      sequence = "";
      [isInString, isEscInString] = [true, false];
      return "";
    }
    if (isUnfinished(after) && sequence.length < LONGEST) return "";
    const whole = sequence;
    sequence = "";
    return isAllowed(after) ? whole : "";
  };

  return (bytes) => Array.from(decoder.decode(bytes, { stream: true }), take).join("");
}

const isShown = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return HARMLESS.test(character);
  return code < 0x7f || code > 0x9f;
};

const isUnfinished = (after: string): boolean => /^\[[0-9:;<=>?]*[ -/]*$/.test(after) || /^[()*+\-./#% ]$/.test(after);

function isAllowed(after: string): boolean {
  if (ESCAPES.test(after) || CHARACTER_SET.test(after)) return true;
  const [, parameters = "", intermediates = "", final = ""] = CONTROL.exec(after) ?? [];
  if (final === "" || ASKS.includes(final)) return false;
  // The shape of the cursor and a soft reset; others ask for modes and settings.
  if (intermediates !== "") return (intermediates === " " && final === "q") || (intermediates === "!" && final === "p");
  // The terminal's name and version, its kinds of keys: questions, too.
  if (final === "q") return false;
  return !(final === "u" && parameters !== "") && !(final === "p");
}
