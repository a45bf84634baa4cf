/**
 * A column of doubles as bytes. The lower three bits of its first byte say how it is written, the upper five the scale of
 * integers: up to 15 they are to be divided by that power of ten, from 16 on multiplied by 2, 4, … 65,536.
 */
export const KIND = {
  /** No row has a value. Nothing follows. */
  absent: 0,
  /** Integers as they are, as differences, or as differences of differences, the first of which is taken from zero. */
  values: 1,
  differences: 2,
  secondDifferences: 3,
  /**
   * Every double by the bytes in which it differs from the one before (at first from zero): a byte of eight times the number
   * of leading bytes that are alike plus the number that differ less one, then these. From 64 on the byte says how many
   * rows are as the one before, less one.
   */
  xor: 4,
  /** Every double in its eight bytes, little-endian. */
  raw: 5,
  /** Varints: how many rows have a value, how many have none, in turns until all are told. Then the column of those that have one. */
  sparse: 6,
} as const;

/**
 * Integers are zigzag varints plus one. The varint 0 stands for three zeros and as many more as the varint after it says.
 */
export const SHORTEST_RUN = 3;
/** From here on a byte of an xor column is a number of equal rows. */
export const SAME = 64;
export const LARGEST_EXPONENT = 15;
export const POWERS_OF_TEN = Float64Array.of(
  1,
  1e1,
  1e2,
  1e3,
  1e4,
  1e5,
  1e6,
  1e7,
  1e8,
  1e9,
  1e10,
  1e11,
  1e12,
  1e13,
  1e14,
  1e15,
);
