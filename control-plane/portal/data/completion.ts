import type { Output } from "../../src/faces/client.ts";
import type { Matter } from "./alerts.ts";

type Vocabulary = Pick<Output<"sa/pe/policy/vocabulary">, "fields" | "functions">;

/** A word that may stand where the cursor is. */
export interface Suggestion {
  readonly name: string;
  /** What it takes and gives. */
  readonly form: string;
  readonly summary: string;
  /** What is put in place of what is written of it; the cursor comes to stand `back` characters before its end. */
  readonly text: string;
  readonly back: number;
}

const AT_MOST = 8;

/** The part of a word that stands before the cursor; undefined within a text in quotes, where every word is free. */
export function begunAt(text: string, cursor: number): string | undefined {
  const before = text.slice(0, cursor);
  const quotes = before.replaceAll(/\\./g, "").match(/"/g) ?? [];
  if (quotes.length % 2 === 1) return undefined;
  return /[A-Za-z_][A-Za-z0-9_]*$/.exec(before)?.[0] ?? "";
}

/** The words of a condition: about groups of devices there are those too that ask something of each. */
export const wordsOf = (
  { fields, functions, groups, groupFunctions, admission }: Output<"sa/pe/policy/vocabulary">,
  about: Matter,
): Vocabulary =>
  ({
    device: { fields, functions },
    group: { fields: [...groups, ...fields], functions: [...groupFunctions, ...functions] },
    action: { fields: admission, functions: [] },
  })[about];

/** The words of the vocabulary that begin like this. */
export function suggestionsFor(begun: string, { fields, functions }: Vocabulary): readonly Suggestion[] {
  const isLike = ({ name }: { readonly name: string }) => name.toLowerCase().startsWith(begun.toLowerCase());
  const ofFields = fields.filter(isLike).map(({ name, kind }): Suggestion => {
    return { name, form: `${name}: ${kind}`, summary: "A field of the device", text: name, back: 0 };
  });
  const ofFunctions = functions.filter(isLike).map(({ name, takes, gives, summary }): Suggestion => {
    const isOverEach = takes[0] === "condition" || takes[0] === "number";
    const texts = takes.map((_, place) => (isOverEach && place === 0 ? "" : '""')).join(", ");
    return {
      name,
      form: `${name}(${takes.join(", ")}): ${gives}`,
      summary,
      text: `${name}(${texts})`,
      // Between the first quotes, or where what is asked of each device begins.
      back: texts.length + (isOverEach ? 1 : 0),
    };
  });
  return [...ofFunctions, ...ofFields].slice(0, AT_MOST);
}

/** The text and the cursor after a suggestion was taken. */
export function withSuggestion(text: string, cursor: number, { text: taken, back }: Suggestion) {
  const begun = begunAt(text, cursor) ?? "";
  const head = `${text.slice(0, cursor - begun.length)}${taken}`;
  return { text: `${head}${text.slice(cursor)}`, cursor: head.length - back };
}

/** Where a mistake is, as an index into the text; undefined where its words name no place. */
export function placeOf(mistake: string, text: string): number | undefined {
  const [, line, column] = /line (\d+), column (\d+)/.exec(mistake) ?? [];
  if (line === undefined || column === undefined) return undefined;
  const before = text.split("\n").slice(0, Number(line) - 1);
  const start = before.reduce((sum, each) => sum + each.length + 1, 0);
  return Math.min(text.length, start + Number(column) - 1);
}
