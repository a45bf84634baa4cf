import type { StreamName } from "@edgemere/protocol";
import type { GapReason } from "./kept-record.ts";

/** A record could not be kept. */
export class SpoolFull extends Error {
  readonly reason: GapReason;
  constructor(stream: StreamName, reason: GapReason, options?: ErrorOptions) {
    super(
      reason === "disk-low"
        ? `a ${stream} record was not kept because the disk is nearly full; free space, or lower --spool-free`
        : `a ${stream} record was not kept because the spool is full; raise --spool, or see why nothing is delivered`,
      options,
    );
    this.name = "SpoolFull";
    this.reason = reason;
  }
}
