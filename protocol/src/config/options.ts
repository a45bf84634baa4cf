import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import type * as Yaml from "yaml";
import { ConfigError, type Reader } from "./values.ts";

/** One setting: the same word is the flag, the key of the YAML file and, in capitals, the environment variable. */
export interface Option<T> {
  /** What stands after the flag on the help screen; an option without is a switch. */
  readonly takes: string;
  readonly about: string;
  /** The text that holds when nobody says anything. */
  readonly fallback?: string;
  readonly read: Reader<T>;
}

/** May be given several times: on the command line by repeating the flag, in the environment separated by commas, in the file as a list or as `key: value` lines. */
export interface RepeatableOption<T> extends Omit<Option<T>, "fallback"> {
  readonly repeatable: true;
}

/** An option with a text that holds when nobody says anything. */
export const option = <T>(
  takes: string,
  about: string,
  fallback: string,
  read: Reader<T>,
): Option<T> & { readonly fallback: string } => ({ takes, about, fallback, read });

export const repeatable = <T>(takes: string, about: string, read: Reader<T>): RepeatableOption<T> => ({
  takes,
  about,
  read,
  repeatable: true,
});

type AnyOption = Option<unknown> | RepeatableOption<unknown>;
export type Options = Readonly<Record<string, AnyOption>>;
type ValueOf<O> =
  O extends RepeatableOption<infer T>
    ? readonly T[]
    : O extends { readonly fallback: string; readonly read: Reader<infer T> }
      ? T
      : O extends Option<infer T>
        ? T | undefined
        : never;
export type Values<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> };

export interface Written {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What wins over all others, as it was written elsewhere: values by the name of the option. */
  readonly over?: Readonly<Record<string, readonly string[]>>;
  /** Start of every environment variable. */
  readonly prefix: string;
  /** Name of the program, to say whose `--help` has more. */
  readonly program: string;
}

/** Reads all options. The command line wins over the environment, that over the file, that over the defaults. */
export function readOptions<O extends Options>(options: O, written: Written): Values<O> {
  const { prefix, over = {} } = written;
  const flags = fromFlags(options, written);
  const variables = fromEnvironment(options, written);
  const path = (flags["config"] ?? variables["config"])?.[0];
  const file = path === undefined ? {} : fromFile(options, path, written);

  const read = ([name, option]: [string, AnyOption]): [string, unknown] => {
    const [where, texts] = Object.hasOwn(over, name)
      ? [name, over[name]]
      : flags[name] !== undefined
        ? [`--${name}`, flags[name]]
        : variables[name] !== undefined
          ? [variableOf(prefix, name), variables[name]]
          : [`${name} in ${path ?? ""}`, file[name]];
    const given = texts ?? ("fallback" in option && option.fallback !== undefined ? [option.fallback] : []);
    const values = given.map((text) => readOne(where, option, text));
    return [name, "repeatable" in option ? values : values[0]];
  };
  return Object.fromEntries(Object.entries(options).map(read)) as Values<O>;
}

/** One line for each option, with its default. */
export const optionsHelp = (options: Options): string =>
  Object.entries(options)
    .map(([name, option]) => {
      const fallback = "fallback" in option && option.fallback ? ` [${option.fallback}]` : "";
      const many = "repeatable" in option ? " (repeatable)" : "";
      return `  ${`--${name} ${option.takes}`.padEnd(24)} ${option.about}${many}${fallback}`;
    })
    .join("\n");

export const variableOf = (prefix: string, name: string): string => prefix + name.toUpperCase().replaceAll("-", "_");

// What somebody writes may be a word that every object knows, such as "constructor".
const optionOf = (options: Options, name: string) => (Object.hasOwn(options, name) ? options[name] : undefined);

type Texts = Readonly<Record<string, readonly string[] | undefined>>;

function fromFlags(options: Options, { argv, program }: Written): Texts {
  const config = Object.fromEntries(
    Object.keys(options).map((name) => [name, { type: "string", multiple: true }] as const),
  );
  const { tokens } = parseArgs({ args: [...argv], options: config, strict: false, tokens: true });
  const texts: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind === "positional")
      throw new ConfigError(`"${token.value}" is one word too many. ${seeHelp(program)}`);
    if (token.kind !== "option") continue;
    const option = optionOf(options, token.name);
    if (option === undefined) throw unknown(`option ${token.rawName}`, token.name, Object.keys(options), "--", program);
    // The next flag is no value; one that looks like a flag is written --name=--value.
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith("--")))
      throw new ConfigError(`${token.rawName} needs a value: ${token.rawName} ${option.takes}`);
    const earlier = texts[token.name] ?? [];
    texts[token.name] = "repeatable" in option ? [...earlier, token.value] : [token.value];
  }
  return texts;
}

function fromEnvironment(options: Options, { environment, prefix, program }: Written): Texts {
  const names = new Map(Object.keys(options).map((name) => [variableOf(prefix, name), name]));
  const texts: Record<string, readonly string[]> = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || value === undefined || value === "") continue;
    const name = names.get(variable);
    const option = name === undefined ? undefined : options[name];
    if (name === undefined || option === undefined)
      throw unknown(`variable ${variable}`, variable, [...names.keys()], "", program);
    texts[name] = "repeatable" in option ? value.split(",").map((each) => each.trim()) : [value];
  }
  return texts;
}

function fromFile(options: Options, path: string, { program }: Written): Texts {
  const content = contentOf(path);
  const texts: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(content)) {
    const option = optionOf(options, name);
    if (option === undefined || name === "config")
      throw unknown(`key ${name} in ${path}`, name, Object.keys(options), "", program);
    texts[name] = textsOf(value, `${name} in ${path}`, "repeatable" in option);
  }
  return texts;
}

const require = createRequire(import.meta.url);

const contentOf = (path: string) => linesOf(readText(path), path);

/** YAML that consists of `key: value` lines; `path` names it in messages. Throws ConfigError. */
export function linesOf(text: string, path: string): Readonly<Record<string, unknown>> {
  // Most agents have no file, and would hold 72 modules for it as long as they live.
  const { parseDocument } = require("yaml") as typeof Yaml;
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) throw new ConfigError(`${path} is no valid YAML: ${error.message}`);
  const content: unknown = document.toJS();
  if (content === null || content === undefined) return {};
  if (typeof content !== "object" || Array.isArray(content))
    throw new ConfigError(`${path} must consist of lines such as "sample: 10s"`);
  return content as Readonly<Record<string, unknown>>;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError(
      `the file given by --config cannot be read: ${cause instanceof Error ? cause.message : path}`,
    );
  }
}

function textsOf(value: unknown, where: string, repeatable: boolean): readonly string[] {
  if (!repeatable) return [scalar(value, where)];
  if (Array.isArray(value)) return value.map((each) => scalar(each, where));
  if (typeof value !== "object" || value === null) return [scalar(value, where)];
  return Object.entries(value).map(([key, each]) => `${key}=${scalar(each, where)}`);
}

function scalar(value: unknown, where: string): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new ConfigError(`${where} must be a single value`);
}

function readOne(where: string, option: AnyOption, text: string): unknown {
  try {
    return option.read(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${where}: ${error.message}`);
  }
}

const seeHelp = (program: string) => `See ${program} --help.`;

function unknown(what: string, word: string, known: readonly string[], before: string, program: string): ConfigError {
  const near = nearest(word, known);
  const advice = near === undefined ? seeHelp(program) : `Did you mean ${before}${near}?`;
  return new ConfigError(`unknown ${what}. ${advice}`);
}

/** The known word that is fewest edits away, if that is few enough to be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known.map((each) => ({ each, distance: edits(word, each) })).sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.each : undefined;
}

/** Levenshtein's distance. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
