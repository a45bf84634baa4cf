import { cutText } from "../check-values.ts";
import type { RefusalReason } from "../protocol-error.ts";
import type { SparkplugMetric } from "./payload.ts";

/** What a metric says: a number to be kept as a sample, a text to be kept as a fact, nothing now, or nothing that is taken. */
export type SparkplugValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: RefusalReason | "unsupported"; readonly detail: string };

/** Data types by their published numbers (3.0.0, 6.4.16). */
const integers: Readonly<Record<number, { readonly bits: number; readonly isSigned: boolean }>> = {
  1: { bits: 8, isSigned: true },
  2: { bits: 16, isSigned: true },
  3: { bits: 32, isSigned: true },
  4: { bits: 64, isSigned: true },
  5: { bits: 8, isSigned: false },
  6: { bits: 16, isSigned: false },
  7: { bits: 32, isSigned: false },
  8: { bits: 64, isSigned: false },
};
const FLOATS = [9, 10];
const BOOLEAN = 11;
/** String, Text, UUID. */
const TEXTS = [12, 14, 15];
const DATE_TIME = 13;

const number = (value: number): SparkplugValue => ({ kind: "number", value });
const refused = (reason: RefusalReason | "unsupported", detail: string): SparkplugValue => ({
  kind: "refused",
  reason,
  detail,
});

const isTextType = (datatype: number): boolean => TEXTS.includes(datatype);

/**
 * Reads a metric's value by the data type that its birth declared. Whole numbers of 64 bits become the nearest double: exact
 * up to 2^53. True is 1 and false 0; an instant is its milliseconds since 1970 UTC. Anything that is no single value is refused.
 */
export function valueOf(
  metric: Pick<SparkplugMetric, "isNull" | "value"> & Partial<SparkplugMetric>,
  datatype: number,
): SparkplugValue {
  if (metric.isNull) return { kind: "none" };
  const integer = integers[datatype];
  const isWhole = integer !== undefined || datatype === DATE_TIME;
  if (!isWhole && !FLOATS.includes(datatype) && datatype !== BOOLEAN && !isTextType(datatype))
    return refused("unsupported", `data type ${datatype} is not taken`);
  const whole =
    metric.value === "longValue" ? metric.longValue : metric.value === "intValue" ? metric.intValue : undefined;
  const isLong = metric.value === "longValue";
  if (integer !== undefined && typeof whole === "number") return wholeNumber(whole, isLong, integer);
  if (datatype === DATE_TIME && typeof whole === "number") return instantOf(whole);
  const float = metric.floatValue ?? metric.doubleValue ?? undefined;
  if (FLOATS.includes(datatype) && float !== undefined)
    return Number.isFinite(float) ? number(float) : refused("not-finite", `the value is ${float}`);
  if (datatype === BOOLEAN && typeof metric.booleanValue === "boolean") return number(metric.booleanValue ? 1 : 0);
  if (isTextType(datatype) && typeof metric.stringValue === "string")
    return { kind: "text", value: cutText(metric.stringValue) };
  return refused("wrong-body", `the value (${metric.value ?? "absent"}) is not of its data type ${datatype}`);
}

/** Writers differ in the field they put 32 bits in, and in how far they extend a sign: all that fits the type is taken. */
function wholeNumber(
  raw: number,
  isLong: boolean,
  { bits, isSigned }: { readonly bits: number; readonly isSigned: boolean },
): SparkplugValue {
  const span = 2 ** bits;
  const [lowest, beyond] = isSigned ? [-span / 2, span / 2] : [0, span];
  const signed = isLong ? raw : raw | 0;
  const read = isSigned ? (signed >= beyond && signed < span ? signed - span : signed) : asUnsigned(raw, bits);
  // What rounds up to 2^64 is still the greatest number there is.
  if (read >= lowest && (read < beyond || (bits === 64 && read === beyond))) return number(read);
  return refused("out-of-range", `${raw} is no whole number of ${bits} bits${isSigned ? "" : " without a sign"}`);
}

const asUnsigned = (raw: number, bits: number): number => (bits === 64 && raw < 0 ? raw + 2 ** 64 : raw);

const instantOf = (raw: number): SparkplugValue =>
  Number.isSafeInteger(raw) && raw >= 0 ? number(raw) : refused("out-of-range", `${raw} is no instant`);
