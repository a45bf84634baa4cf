import { isFinalPhase, open, ProtocolError, type JudgedBatch, type JudgedRecord, type Trust } from "@edgemere/protocol";
import type { MessageKey } from "../platform/feature.ts";

/** A batch of which those reports are at fault that prove nothing. */
export interface Proved {
  readonly batch: JudgedBatch;
  /** The first report that is not the device's word, or cannot be told from one that is not. */
  readonly unproved: ProtocolError | undefined;
}

const TRUST_NOBODY: Trust = () => ({ threshold: 1, keys: new Map() });

/**
 * How commands ended is believed for the device's signature, not for the broker that carried it. What a device says on the
 * way to an end is not signed: it ends nothing.
 */
export function provedResults(batch: JudgedBatch, key: MessageKey | undefined): Proved {
  const faults: ProtocolError[] = [];
  const records = batch.records.map((judged): JudgedRecord => {
    if (judged.fault !== undefined) return judged;
    const fault = faultOf(judged, key);
    if (fault === undefined) return judged;
    faults.push(fault);
    return { ...judged, fault };
  });
  return { batch: { ...batch, records, faults: [...batch.faults, ...faults] }, unproved: faults[0] };
}

function faultOf({ record }: JudgedRecord, key: MessageKey | undefined): ProtocolError | undefined {
  if (record.body === "signedReport") {
    try {
      open("result", record.signedReport, key?.trust ?? TRUST_NOBODY);
      return undefined;
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      throw error;
    }
  }
  const isEnd = record.body === "commandReport" && isFinalPhase(record.commandReport.phase ?? 0);
  if (!isEnd || key?.isRequired !== true) return undefined;
  return new ProtocolError("unsigned", "this device signs how its commands ended, and this report is not signed");
}
