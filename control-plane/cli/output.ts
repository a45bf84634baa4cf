import { Document, visit } from "yaml";
import { coloursOf, type Terminal } from "./terminal.ts";
import { renderOutput } from "./table.ts";
import { escaped, hasHidden, visible } from "./visible.ts";

export const formats = ["table", "json", "yaml"] as const;
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
  /** One of many that come by and by: a line of JSON, a YAML document, or the given line. */
  readonly showOne: (value: unknown, line: string) => void;
  /** Text as it is, made harmless where it would reach a screen. */
  readonly raw: (text: string, channel?: "stdout" | "stderr") => void;
}

export function createOutput({ output, columns, headers = true }: OutputFlags, terminal: Terminal): Output {
  const { stdout } = terminal;
  const colours = coloursOf(terminal);
  const format = output ?? (stdout.isTTY ? "table" : "json");
  const width = stdout.isTTY ? Math.max(40, stdout.columns ?? 80) : undefined;
  const render = (path: string, value: unknown) => {
    if (format === "json") return `${escaped(JSON.stringify(value, undefined, 2))}\n`;
    if (format === "yaml") return yamlOf(value);
    return renderOutput(path, value, { colours, width, headers, columns });
  };
  return {
    format,
    show: (path, value) => void stdout.write(render(path, value)),
    showOne: (value, line) => {
      if (format === "json") stdout.write(`${escaped(JSON.stringify(value))}\n`);
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
      if (typeof scalar.value === "string" && hasHidden(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return escaped(document.toString({ lineWidth: 0 }));
}
