import type { Colours } from "./terminal.ts";
import { visible } from "./visible.ts";

/** The value at `agent.version` or `inventory.os.name`: keys may hold dots themselves. */
export function valueAt(row: unknown, column: string): unknown {
  if (typeof row !== "object" || row === null) return undefined;
  const record = row as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(record, column)) return record[column];
  const dots = [...column.matchAll(/\./g)].map(({ index }) => index);
  for (const dot of dots) {
    const found = valueAt(record[column.slice(0, dot)], column.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** One value as a person reads it, on one line, harmless in a terminal. */
export function cellOf(column: string, value: unknown): string {
  const name = column.split(".").at(-1) ?? column;
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "number" && isInstant(name, value)) return localTime(value);
  if (typeof value === "number" && /(bytes|bytesAtMost|Below)$/i.test(name)) return humanBytes(value);
  if (typeof value === "number" && name === "mode") return value.toString(8).padStart(4, "0");
  if (typeof value === "number") return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
  if (typeof value === "string") return visible(value);
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map((each) => cellOf("", each)).join(", ");
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value);
  return entries.length === 0 ? "-" : entries.map(([key, each]) => `${visible(key)}=${cellOf(key, each)}`).join(", ");
}

/** In the local time zone: 2026-03-01 14:05:09 */
export const localTime = (at: number): string =>
  Number.isFinite(new Date(at).getTime()) ? new Date(at).toLocaleString("sv-SE") : String(at);

export function humanBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(bytes))) / 10));
  const scaled = bytes / 1024 ** power;
  return `${power === 0 || Math.abs(scaled) >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[power] ?? "PiB"}`;
}

/** Good, passing and bad states by colour, for those who see it; the word is there for all. */
export function coloured(column: string, cell: string, colours: Colours): string {
  if (!/(^|\.)(state|presence|decision)$/.test(column)) return cell;
  const paint = colourOf.get(cell);
  return paint === undefined ? cell : colours[paint](cell);
}

const colourOf = new Map(
  Object.entries({
    green: "online active ready available succeeded satisfied completed confirmed provisioned open allowed",
    yellow:
      "silent flapping pending running queued offered journaled partial suspended stale placing needed selected evaluated provisioning",
    red: "failed failedprovision lost timedout quarantined rejected refused denied revoked interrupted",
    dim: "offline retired expired used removed cancelled disabled shutdown",
  } as const).flatMap(([paint, words]) => words.split(" ").map((word) => [word, paint as Paint] as const)),
);
type Paint = "green" | "yellow" | "red" | "dim";

// Instants are milliseconds since 1970 in fields that end in such a word; smaller numbers there mean "never" or are something else.
export const isInstant = (name: string, value: number) =>
  /(At|AtMs|UpTo|Since|Until|^at|^since|^from|^to|^until|^notAfter|^newestHour)$/.test(name) &&
  Number.isInteger(value) &&
  value > 1e11;
