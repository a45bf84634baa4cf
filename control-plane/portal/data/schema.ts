/** As much of JSON Schema as the declarations of actions use. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly "x-ref"?: string;
  /** Takes a date, or a time from now, as well as its number. */
  readonly "x-instant"?: boolean;
}

// A text that may be longer than this is meant to have several lines.
const LINES_FROM = 16_384;

/** How a value is put in. */
export type Control = "choice" | "choices" | "flag" | "number" | "text" | "lines" | "list" | "pairs" | "json";
/** What the user has put in so far; pairs and json as text. */
export type Draft = string | number | boolean | readonly string[];

const optionsIn = (schema: Schema | undefined): readonly string[] | undefined => {
  const values = schema?.anyOf?.map((each) => each.const);
  return values?.every((value) => typeof value === "string") ? values : undefined;
};

/** The words among which one must choose; none where anything may be put in. */
export const optionsOf = (schema: Schema): readonly string[] => optionsIn(schema) ?? optionsIn(schema.items) ?? [];

export function controlOf(schema: Schema): Control {
  if (optionsIn(schema) !== undefined) return "choice";
  if (schema["x-instant"] === true) return "text";
  if (schema.type === "boolean") return "flag";
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "string") return (schema.maxLength ?? 0) >= LINES_FROM ? "lines" : "text";
  if (schema.type === "array" && optionsIn(schema.items) !== undefined) return "choices";
  if (schema.type === "array" && schema.items?.type === "string") return "list";
  const pair = Object.values(schema.patternProperties ?? {})[0];
  return pair?.type === "string" ? "pairs" : "json";
}

/** "queueTimeout" → "Queue timeout". */
export function fieldTitle(name: string): string {
  const words = name.replaceAll(
    /([a-z])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The input that a form's drafts stand for; blank fields are left out. Mistakes by field. */
export function inputFrom(schema: Schema, drafts: Readonly<Record<string, Draft>>) {
  const input: Record<string, unknown> = {};
  const mistakes: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const draft = drafts[name];
    const isRequired = schema.required?.includes(name) ?? false;
    if (draft === undefined || draft === "" || (Array.isArray(draft) && draft.length === 0)) {
      if (isRequired && draft === undefined && controlOf(field) !== "flag") mistakes[name] = "This is needed";
      else if (isRequired && draft === "") mistakes[name] = "This is needed";
      else if (isRequired) input[name] = draft ?? false;
      continue;
    }
    try {
      input[name] = valueOf(controlOf(field), draft);
    } catch (error) {
      mistakes[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return { input, mistakes };
}

function valueOf(control: Control, draft: Draft): unknown {
  if (control === "pairs") return pairsFrom(String(draft));
  return control === "json" ? jsonFrom(String(draft)) : draft;
}

/** Lines of key=value. Throws an Error that names the line that is none. */
export function pairsFrom(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const place = line.indexOf("=");
      if (place < 1) throw new Error(`“${line.trim()}” is no key=value`);
      return [line.slice(0, place).trim(), line.slice(place + 1).trim()];
    }),
  );
}

function jsonFrom(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A bare word where JSON may also be a string is meant as that string.
    if (/^[^[{"\s]/.test(text)) return text;
    throw new Error(`This is no JSON: ${error instanceof Error ? error.message : ""}`, { cause: error });
  }
}
