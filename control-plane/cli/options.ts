import { Option, type Command } from "commander";
import type { Path } from "../src/faces/client.ts";
import type { Given } from "./entry.ts";
import { INSTANT_FORMS } from "../src/platform/instant.ts";
import type { Field } from "./fields.ts";
import { UsageError } from "./failure.ts";

const collect = (value: string, before: readonly string[] = []) => [...before, value];

/** Adds a field's option. Values are kept as typed; `valueOf` reads them. */
export function declareField(command: Command, field: Field): void {
  if (field.secret) {
    command.option(
      `--${field.flag}-file <file>`,
      `${field.description || field.flag}, from a file or - for standard input${field.required ? "; asked for when absent" : ""}${field.kind === "text" ? "" : " (JSON or YAML)"}`,
    );
    return;
  }
  if (field.kind === "boolean") {
    command.option(`--${field.flag}`, describe(field)).option(`--no-${field.flag}`);
    return;
  }
  const option = new Option(`--${field.flag} <${placeholder(field)}>`, describe(field)).argParser(collect);
  // `--no-data 60` gives a value to noData, and takes none from data.
  option.negate = false;
  command.addOption(option);
  for (const alias of field.aliases)
    command.addOption(new Option(`--${alias} <${placeholder(field)}>`).argParser(collect).hideHelp());
}

/** What was typed for each field, by its flag, another name of it, or without a flag. */
export function typedFor(
  fields: readonly Field[],
  bare: Field | undefined,
  { options, positionals }: Given,
): ReadonlyMap<string, readonly string[] | boolean> {
  const typed = new Map<string, readonly string[] | boolean>();
  for (const field of fields) {
    const ways = [field.flag, ...field.aliases]
      .map((flag) => options[camel(flag)])
      .filter((each) => each !== undefined);
    if (ways.length > 1) throw new UsageError(`--${field.flag} was given under two names; give it once`);
    if (ways[0] !== undefined && !field.secret) typed.set(field.name, ways[0] as readonly string[] | boolean);
  }
  const [first] = positionals;
  if (bare !== undefined && first !== undefined) {
    if (typed.has(bare.name))
      throw new UsageError(`--${bare.flag} and "${first}" both name the ${bare.flag}; give one`);
    typed.set(bare.name, [first]);
  }
  return typed;
}

/** Where the fields alone make no telling example. */
const telling: Partial<Record<Path, string>> = {
  "cpl/dm/device/list": " --selector 'site=berlin and presence:online' --columns name,labels",
  "cpl/dm/device/label": " gw-1 --set site=berlin --set role=gateway --remove rack",
  "cpl/dm/job/create": ` gw-1 --kind exec --arguments 'argv=["uname","-a"]' --wait`,
  "cpl/dm/job/plan": ` --kind service.restart --arguments name=nginx --selector site=berlin --waves '[{"count":1,"soak":600},{"percent":10}]'`,
  "cpl/ta/query": " --metric cpu.busy_percent --selector role=gateway --by site --step 5m",
  "cpl/ta/watch": " --metric cpu.busy_percent --selector site=berlin --output json",
  "diml/dml/do/datainstance/create": ` '{"name":"logs","query":"kind:log"}' --wait`,
};

/** What comes after the command's name in an example that can be typed. */
export function example(path: Path, fields: readonly Field[], bare: Field | undefined): string {
  const known = telling[path];
  if (known !== undefined) return known;
  const needed = fields.filter(({ required, secret }) => required && !secret);
  return needed.map((field) => (field === bare ? ` ${sample(field)}` : ` --${field.flag} ${sample(field)}`)).join("");
}

function sample({ name, kind, choices, reference }: Field): string {
  if (choices[0] !== undefined) return choices[0];
  if (reference !== undefined) return reference === "device" ? "gw-1" : reference.toUpperCase();
  if (kind === "integer" || kind === "number") return "10";
  if (kind === "instant") return "-24h";
  if (kind === "record") return "key=value";
  return name === "query" || name === "expression" ? "kind:log" : name.toUpperCase();
}

function describe({ description, kind, choices, required, holds = [], default: usual }: Field): string {
  const notes = [
    ...(choices.length > 0 ? [`one of ${choices.join(", ")}`] : []),
    ...(kind === "list" ? ["may be repeated"] : []),
    ...(kind === "record" ? ["may be repeated, or JSON, or @file"] : []),
    ...(kind === "document" || kind === "textOrDocument" ? ["JSON, YAML, or @file"] : []),
    ...(holds.length > 0 ? [`with ${holds.join(", ")}`] : []),
    ...(kind === "instant" ? [INSTANT_FORMS] : []),
    ...(usual !== undefined ? [`default: ${JSON.stringify(usual)}`] : []),
    ...(required ? ["required"] : []),
  ];
  return [description, notes.length > 0 ? `(${notes.join("; ")})` : ""].filter(Boolean).join(" ");
}

function placeholder({ kind, reference, flag }: Field): string {
  if (reference !== undefined) return reference;
  if (kind === "record") return "key=value";
  if (kind === "integer" || kind === "number") return "number";
  if (kind === "instant") return "instant";
  return kind === "document" || kind === "textOrDocument" ? "document" : flag;
}

const camel = (flag: string) => flag.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
