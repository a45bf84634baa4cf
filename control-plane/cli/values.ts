import { parse as parseYaml } from "yaml";
import type { Field } from "./fields.ts";
import { UsageError } from "./failure.ts";

/** Reads a file named by `@file`; `-` is standard input. */
export type ReadText = (file: string) => Promise<string>;

/** What was typed, as the field's input value. Limits and patterns are the control plane's to check. */
export async function valueOf(field: Field, typed: readonly string[], readText: ReadText): Promise<unknown> {
  const wrong = (expected: string, given: string) =>
    new UsageError(`--${field.flag} takes ${expected}, not "${given}"`);
  if (field.choices.length > 0) {
    const stranger = typed.find((each) => !field.choices.includes(each));
    if (stranger !== undefined) throw wrong(`one of ${field.choices.join(", ")}`, stranger);
  }
  if (field.kind === "list") return typed;
  if (field.kind === "record") return recordOf(field, typed, readText);
  const last = typed.at(-1) ?? "";
  if (typed.length > 1) throw new UsageError(`--${field.flag} was given ${typed.length} times; give it once`);
  switch (field.kind) {
    case "integer":
      if (!/^[+-]?\d+$/.test(last)) throw wrong("a whole number", last);
      return Number(last);
    case "number":
      if (last.trim() === "" || !Number.isFinite(Number(last))) throw wrong("a number", last);
      return Number(last);
    case "document":
      return documentOf(field, last, readText);
    case "textOrDocument":
      return /^\s*[[{@]/.test(last) ? documentOf(field, last, readText) : last;
    case "instant":
    case "text":
    case "boolean":
      return last;
  }
}

async function documentOf(field: Field, typed: string, readText: ReadText): Promise<unknown> {
  const text = typed.startsWith("@") ? await readText(typed.slice(1)) : typed;
  try {
    // JSON is YAML as well.
    return parseYaml(text, { maxAliasCount: 0 });
  } catch (error) {
    const [reason = ""] = (error as Error).message.split("\n");
    throw new UsageError(`--${field.flag} is neither JSON nor YAML: ${reason}`, { cause: error });
  }
}

async function recordOf(field: Field, typed: readonly string[], readText: ReadText): Promise<unknown> {
  const parts = await Promise.all(
    typed.map(async (each) => {
      if (/^\s*[{@]/.test(each)) return (await documentOf(field, each, readText)) as Record<string, unknown>;
      const at = each.indexOf("=");
      if (at < 1)
        throw new UsageError(`--${field.flag} takes key=value, JSON such as {"key":"value"}, or @file, not "${each}"`);
      const value = each.slice(at + 1);
      return { [each.slice(0, at)]: field.textValues ? value : await scalarOf(value, readText) };
    }),
  );
  return Object.assign({}, ...parts) as unknown;
}

// "3" and "true" are meant as such where text is not the only thing allowed, and "@script.sh" as what the file holds.
async function scalarOf(text: string, readText: ReadText): Promise<unknown> {
  if (text.startsWith("@")) return readText(text.slice(1));
  try {
    const value: unknown = parseYaml(text);
    return value === null && text !== "null" ? text : value;
  } catch {
    return text;
  }
}
