import { limits } from "./limits.ts";
import { ProtocolError } from "./protocol-error.ts";
import { ID_PATTERN } from "./topics.ts";

// Instants outside these years are somebody's broken clock or other units. 1970 itself is a device that has not learnt the time yet.
export const LATEST_INSTANT = 7_258_118_400_000;

/** A whole number from 0 to 2^53. */
export function safe(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ProtocolError("out-of-range", `${field} must be a whole number from 0 to 2^53, not ${value}`);
}

export function instant(field: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= LATEST_INSTANT) return;
  throw new ProtocolError(
    "out-of-range",
    `${field} must be milliseconds since 1970, before the year 2200, not ${value}`,
  );
}

export function finite(field: string, value: number): void {
  if (!Number.isFinite(value)) throw new ProtocolError("not-finite", `${field} must be a finite number`);
}

export function text(field: string, value: string, longest: number = limits.textLength): void {
  if (value.length > longest)
    throw new ProtocolError("out-of-range", `${field} has ${value.length} characters, over the limit of ${longest}`);
}

/** The start of a text that is too long. Never half a character: that has no bytes, and what holds it could not be read. */
export function cutText(value: string, longest: number = limits.textLength): string {
  const start = value.slice(0, longest);
  return start.length < value.length && /[\ud800-\udbff]$/.test(start) ? start.slice(0, -1) : start;
}

export function name(field: string, value: string): void {
  text(field, value, limits.nameLength);
  if (value === "") throw new ProtocolError("missing-field", `${field} is empty`);
}

export function id(field: string, value: string): void {
  if (!ID_PATTERN.test(value)) throw new ProtocolError("bad-id", `${field} must match ${ID_PATTERN.source}`);
}

export function atMost(field: string, values: readonly unknown[], most: number): void {
  if (values.length > most)
    throw new ProtocolError("too-many", `${field} has ${values.length} entries, over the limit of ${most}`);
}
