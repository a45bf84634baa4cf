/** A recording in asciicast v2, read. */
export interface Recorded {
  readonly columns: number;
  readonly rows: number;
  readonly shown: readonly Shown[];
}

/** One thing that happened, so many seconds after the beginning. */
interface Shown {
  readonly at: number;
  readonly text?: string;
  readonly size?: { readonly columns: number; readonly rows: number };
}

/** What stands in the lines of asciicast v2; a line that was cut off counts for nothing. */
export function recordedIn(lines: string): Recorded {
  const [head = "{}", ...rest] = lines.split("\n");
  const { width = 80, height = 24 } = JSON.parse(head) as { readonly width?: number; readonly height?: number };
  return { columns: width, rows: height, shown: rest.flatMap(shownIn) };
}

function shownIn(line: string): readonly Shown[] {
  if (!line.startsWith("[") || !line.endsWith("]")) return [];
  const [at, code, text] = JSON.parse(line) as readonly [number, string, string];
  if (code === "o") return [{ at, text }];
  const [, columns, rows] = /^(\d+)x(\d+)$/.exec(code === "r" ? text : "") ?? [];
  return columns === undefined ? [] : [{ at, size: { columns: Number(columns), rows: Number(rows) } }];
}
