import { escapedJson, hasHiddenCharacters } from "@edgemere/protocol/hostile-text";
import { Document, visit } from "yaml";
import { csvLine, csvOf } from "./csv.ts";
import { coloursOf, sizeOf, type Terminal } from "./terminal.ts";
import { valueAt } from "./cells.ts";
import { renderOutput } from "./table.ts";
import { visible } from "./visible.ts";

export const formats = ["table", "json", "yaml", "csv"] as const;
export type Format = (typeof formats)[number];

export interface OutputFlags {
  readonly output?: Format;
  readonly columns?: readonly string[];
  readonly headers?: boolean;
}

/** Where results go: stdout, for people as a table, for programs exactly as the API gave them. */
export interface Output {
  readonly format: Format;
  /** The output of the action at `path`. */
  readonly show: (path: string, output: unknown) => void;
  /** One of many that come by and by: a line of JSON or CSV, a YAML document, or the given line. */
  readonly showOne: (value: object, line: string) => void;
  /** Text as it is, made harmless where it would reach a screen. */
  readonly raw: (text: string, channel?: "stdout" | "stderr") => void;
}

export function createOutput({ output, columns, headers = true }: OutputFlags, terminal: Terminal): Output {
  const { stdout } = terminal;
  const colours = coloursOf(terminal);
  const format = output ?? (stdout.isTTY ? "table" : "json");
  const width = stdout.isTTY ? Math.max(40, sizeOf(terminal).columns) : undefined;
  const render = (path: string, value: unknown) => {
    if (format === "json") return `${escapedJson(JSON.stringify(value, undefined, 2))}\n`;
    if (format === "yaml") return yamlOf(value);
    if (format === "csv") return csvOf(path, value, { headers, columns });
    return renderOutput(path, value, { colours, width, headers, columns });
  };
  let shownColumns: readonly string[] | undefined;
  const asLine = (value: object) => {
    const isFirst = shownColumns === undefined;
    shownColumns ??= columns ?? Object.keys(value);
    return `${isFirst && headers ? csvLine(shownColumns) : ""}${csvLine(shownColumns.map((each) => valueAt(value, each)))}`;
  };
  return {
    format,
    show: (path, value) => void stdout.write(render(path, value)),
    showOne: (value, line) => {
      if (format === "json") stdout.write(`${escapedJson(JSON.stringify(value))}\n`);
      else if (format === "csv") stdout.write(asLine(value));
      else stdout.write(format === "yaml" ? `---\n${yamlOf(value)}` : `${line}\n`);
    },
    raw: (text, channel = "stdout") => {
      const stream = terminal[channel];
      stream.write(stream.isTTY ? visible(text, { lines: true }) : text);
    },
  };
}

// Text that would act on a terminal is written in double quotes, where it can be escaped.
function yamlOf(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string" && hasHiddenCharacters(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return escapedJson(document.toString({ lineWidth: 0 }));
}
