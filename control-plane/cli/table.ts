import Table from "cli-table3";
import type { Colours } from "./terminal.ts";
import { cellOf, coloured, valueAt } from "./cells.ts";
import { columnsFor, headFirst } from "./columns.ts";
import { readableSeries } from "./measured.ts";
import { visible } from "./visible.ts";

export interface TableStyle {
  readonly colours: Colours;
  /** Cells to the right of the screen; undefined where there is no screen and nothing is cut. */
  readonly width: number | undefined;
  readonly headers: boolean;
  readonly columns: readonly string[] | undefined;
}

const WIDEST_CELL = 60;

/** An output as text for people: a list as a table, one thing as its fields. */
export function renderOutput(path: string, whole: unknown, style: TableStyle): string {
  const output = readableSeries(path, whole);
  if (!isRecord(output)) return `${cellOf("", output)}\n`;
  if (Array.isArray(output["items"])) return renderRows(path, output["items"], style);
  const sections = Object.entries(output).filter(([, value]) => isRows(value));
  const [only] = sections;
  if (only !== undefined && Object.keys(output).length === 1) return renderRows(path, only[1] as [], style);
  const fields = Object.entries(output).filter(([name]) => !sections.some(([section]) => section === name));
  const head = renderFields(Object.fromEntries(fields), style);
  const tables = sections.map(
    ([name, rows]) =>
      `\n${style.colours.bold(name)}\n${renderRows(name, rows as [], { ...style, columns: undefined })}`,
  );
  return head + tables.join("");
}

/** Rows under headers. On a screen that is too narrow the last columns are left out. */
function renderRows(list: string, rows: readonly unknown[], style: TableStyle): string {
  if (rows.length === 0) return style.headers ? "nothing found\n" : "";
  const { colours, width = Number.POSITIVE_INFINITY } = style;
  const wanted = columnsFor(list, rows, style.columns);
  const cells = rows.map((row) => wanted.map((column) => short(cellOf(column, valueAt(row, column)), style)));
  const widths = wanted.map((column, index) =>
    Math.max(style.headers ? column.length : 0, ...cells.map((line) => (line[index] ?? "").length)),
  );
  const shown = style.columns === undefined ? fitting(widths, width) : wanted.length;
  const lines = cells.map((line) =>
    line.slice(0, shown).map((cell, index) => coloured(wanted[index] ?? "", cell, colours)),
  );
  return aligned([
    ...(style.headers ? [wanted.slice(0, shown).map((each) => colours.bold(headerOf(each)))] : []),
    ...lines,
  ]);
}

function renderFields(record: Readonly<Record<string, unknown>>, style: TableStyle): string {
  const wanted = style.columns?.map((column) => [column, valueAt(record, column)] as const) ?? flattened(record);
  return aligned(
    wanted.map(([name, value]) => [
      ...(style.headers ? [style.colours.dim(visible(name))] : []),
      coloured(name, cellOf(name, value), style.colours),
    ]),
  );
}

/** The fields of a thing, those of things within it under their names joined by dots. */
export function flattened(
  record: Readonly<Record<string, unknown>>,
  before = "",
): readonly (readonly [string, unknown])[] {
  return headFirst(Object.keys(record)).flatMap((name) => {
    const value = record[name];
    return isRecord(value) && Object.keys(value).length > 0
      ? flattened(value, `${before}${name}.`)
      : [[`${before}${name}`, value] as const];
  });
}

function aligned(rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const none = Object.fromEntries(BORDERS.map((name) => [name, ""]));
  const table = new Table({ chars: none, style: { "padding-left": 0, "padding-right": 2, head: [], border: [] } });
  table.push(...rows.map((row) => [...row]));
  return `${table.toString().replaceAll(/ +$/gm, "")}\n`;
}

const BORDERS =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle".split(
    " ",
  );

/** How many columns of these widths, two blanks apart, a screen holds; one at least. */
export function fitting(widths: readonly number[], screen: number): number {
  let used = 0;
  const overflow = widths.findIndex((width, index) => (used += width + (index > 0 ? 2 : 0)) > screen);
  return overflow < 0 ? widths.length : Math.max(1, overflow);
}

const short = (cell: string, { width, columns }: TableStyle) =>
  width === undefined || columns !== undefined || cell.length <= WIDEST_CELL
    ? cell
    : `${cell.slice(0, WIDEST_CELL - 1)}\u2026`;

/** `agent.version` → `AGENT VERSION` */
const headerOf = (column: string) =>
  visible(column)
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(".", " ")
    .toUpperCase();

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRows = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isRecord);
