/** One line of a text of metrics. */
export interface MetricLine {
  readonly name: string;
  /** As they stand. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  /** What the text says of the metric; "untyped" when it says nothing. */
  readonly type: MetricType;
}

const types = ["counter", "gauge", "histogram", "summary", "untyped"] as const;
export type MetricType = (typeof types)[number];

const NAME = /^[A-Za-z_:][A-Za-z0-9_:.]*/;
const LABEL = /^[A-Za-z_][A-Za-z0-9_]*/;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", "\\": "\\", '"': '"' };
const SPECIAL: Readonly<Record<string, number>> = { "+Inf": Infinity, Inf: Infinity, "-Inf": -Infinity, NaN };

/**
 * Reads Prometheus' text format (prometheus.io, "Exposition formats", version 0.0.4), of which lines such as `name 1.5` are a part;
 * names may hold dots. A timestamp is read over: what is asked now is about now. Lines that are none are counted.
 */
export function metricLines(text: string): { readonly lines: readonly MetricLine[]; readonly malformed: number } {
  const typeOf = new Map<string, MetricType>();
  const lines: MetricLine[] = [];
  let malformed = 0;
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    if (line.startsWith("#")) {
      const [, keyword, name, type] = line.split(/\s+/);
      const known = types.find((each) => each === type);
      if (keyword === "TYPE" && name !== undefined && known !== undefined) typeOf.set(name, known);
      continue;
    }
    const read = metricLine(line);
    if (read === undefined) malformed += 1;
    else lines.push({ ...read, type: typeIn(typeOf, read.name) });
  }
  return { lines, malformed };
}

function metricLine(line: string): Omit<MetricLine, "type"> | undefined {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return undefined;
  const after = line.slice(name.length).trimStart();
  const [labels, rest] = after.startsWith("{") ? labelsOf(after) : [[], line.slice(name.length)];
  if (labels === undefined || !/^\s/.test(rest)) return undefined;
  const [number = "", timestamp, ...more] = rest.trim().split(/\s+/);
  const value = Object.hasOwn(SPECIAL, number) ? SPECIAL[number] : decimal(number);
  if (value === undefined || more.length > 0 || (timestamp !== undefined && !/^-?\d+$/.test(timestamp)))
    return undefined;
  return { name, labels, value };
}

const decimal = (text: string): number | undefined =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;

type Labels = [string, string][];

/** What stands in braces, and what follows them with a blank in front. */
function labelsOf(text: string): readonly [Labels | undefined, string] {
  const labels: Labels = [];
  let at = 1;
  const skip = () => {
    while (text[at] === " " || text[at] === "\t") at += 1;
  };
  for (;;) {
    skip();
    if (text[at] === "}") return [labels, ` ${text.slice(at + 1)}`];
    const name = LABEL.exec(text.slice(at, at + 256))?.[0];
    if (name === undefined) return [undefined, ""];
    at += name.length;
    skip();
    if (text[at] !== "=") return [undefined, ""];
    at += 1;
    skip();
    const value = quoted(text, at);
    if (value === undefined) return [undefined, ""];
    labels.push([name, value.text]);
    at = value.end;
    skip();
    if (text[at] === ",") at += 1;
    else if (text[at] !== "}") return [undefined, ""];
  }
}

/** A text in double quotes, and where it ends. */
function quoted(text: string, start: number): { readonly text: string; readonly end: number } | undefined {
  if (text[start] !== '"') return undefined;
  let value = "";
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === '"') return { text: value, end: at + 1 };
    if (letter === "\\") {
      at += 1;
      value += ESCAPED[text[at] ?? ""] ?? `\\${text[at] ?? ""}`;
    } else value += letter;
  }
  return undefined;
}

/** A histogram and a summary have one TYPE for several names. */
function typeIn(typeOf: ReadonlyMap<string, MetricType>, name: string): MetricType {
  return typeOf.get(name) ?? typeOf.get(name.replace(/_(bucket|sum|count)$/, "")) ?? "untyped";
}
