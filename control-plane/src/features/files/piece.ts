import { Problem } from "../../platform/problem.ts";
import { SMALLEST_PIECE } from "./contract.ts";

interface Place {
  /** Bytes that are there. */
  readonly received: number;
  /** Bytes that the whole has. */
  readonly bytes: number;
}

/**
 * What becomes of a piece: "taken" when it is the next, "known" when all of it is there already, as after an answer that got lost.
 * Throws Problem for what leaves a hole, goes beyond the end, or is a crumb.
 */
export function judgePiece({ received, bytes }: Place, from: number, length: number): "taken" | "known" {
  const end = from + length;
  if (end > bytes)
    throw new Problem("invalid-input", `the file has ${bytes} bytes, and this piece would end at ${end}`, {
      errors: [{ pointer: "/content", detail: `must end at ${bytes} at the latest` }],
    });
  if (end <= received) return "known";
  if (from !== received)
    throw new Problem("conflict", `${received} bytes of the file are there: go on from there, not from ${from}`);
  if (length < SMALLEST_PIECE && end < bytes)
    throw new Problem("invalid-input", `every piece but the last has at least ${SMALLEST_PIECE} bytes, not ${length}`, {
      errors: [{ pointer: "/content", detail: `must have at least ${SMALLEST_PIECE} bytes` }],
    });
  return "taken";
}
