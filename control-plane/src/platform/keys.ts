/** One part of a key. Numbers sort by value, strings by code point (the order of their UTF-8 bytes), false before true. */
export type KeyPart = string | number | boolean;

// U+0000 separates parts and therefore may not occur inside one: a part that contains it, whoever chose it, cannot reach into another range.
const SEPARATOR = "\u0000";
const escape = (text: string) =>
  // Nearly no part has either of the two.
  text.includes("\u0001") || text.includes(SEPARATOR)
    ? text.replaceAll("\u0001", "\u0001\u0002").replaceAll(SEPARATOR, "\u0001\u0001")
    : text;
const unescape = (text: string) => text.replaceAll("\u0001\u0001", SEPARATOR).replaceAll("\u0001\u0002", "\u0001");

const buffer = new DataView(new ArrayBuffer(8));

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");

/** The bits of a double as 16 hex digits that sort like the number. */
function sortableNumber(value: number): string {
  buffer.setFloat64(0, value);
  const [high, low] = [buffer.getUint32(0), buffer.getUint32(4)];
  const isNegative = value < 0 || Object.is(value, -0);
  return isNegative ? hex(~high) + hex(~low) : hex(high | 0x8000_0000) + hex(low);
}

/** The number whose sortable digits these are. */
function numberOf(digits: string): number {
  const sortable = BigInt(`0x${digits}`);
  const isPositive = sortable >> 63n === 1n;
  buffer.setBigUint64(0, isPositive ? sortable & 0x7fff_ffff_ffff_ffffn : ~sortable & 0xffff_ffff_ffff_ffffn);
  return buffer.getFloat64(0);
}

function encodePart(part: KeyPart): string {
  if (typeof part === "number") return `n${sortableNumber(part)}`;
  if (typeof part === "boolean") return part ? "b1" : "b0";
  return `s${escape(part)}`;
}

/** A key that sorts by its parts, first part first. Ends with a separator, so that no key is a prefix of a longer word. */
export const keyOf = (...parts: readonly KeyPart[]): string =>
  parts.map((part) => encodePart(part) + SEPARATOR).join("");

/** An id so turned around that those that were made one after the other lie far apart. */
export const scattered = (id: string): string => [...id].toReversed().join("");

/** The bounds of all keys that start with these parts. */
export const rangeOf = (...parts: readonly KeyPart[]): { readonly gte: string; readonly lt: string } => {
  const prefix = keyOf(...parts);
  return { gte: prefix, lt: `${prefix}\uffff` };
};

/** The last part of a key whose last part is a string: the id of a row or of an index entry. */
export function lastPart(key: string): string {
  const start = key.lastIndexOf(SEPARATOR, key.length - 2) + 1;
  return unescape(key.slice(start + 1, -1));
}

/** The last part of a key whose last part is a number. */
export const lastNumberPart = (key: string): number => numberOf(key.slice(-17, -1));

/** The parts that a key was made of. */
export const partsOf = (key: string): readonly KeyPart[] =>
  key
    .slice(0, -1)
    .split(SEPARATOR)
    .map((part) => {
      if (part.startsWith("n")) return numberOf(part.slice(1));
      return part.startsWith("b") ? part === "b1" : unescape(part.slice(1));
    });
