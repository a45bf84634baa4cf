import {
  isFinalPhase,
  open,
  ProtocolError,
  v1,
  type CommandReport,
  type JudgedBatch,
  type JudgedRecord,
  type Trust,
} from "@edgemere/protocol";
import type { MessageKey } from "../platform/feature.ts";

/** A batch whose signed reports are opened; those that prove nothing are at fault. */
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
    const opened = openReport(judged, key);
    if (!(opened instanceof ProtocolError)) return opened;
    faults.push(opened);
    return { ...judged, fault: opened };
  });
  return { batch: { ...batch, records, faults: [...batch.faults, ...faults] }, unproved: faults[0] };
}

function openReport(judged: JudgedRecord, key: MessageKey | undefined): JudgedRecord | ProtocolError {
  const { record } = judged;
  if (record.body === "signedReport") {
    try {
      const report = open("result", record.signedReport, key?.trust ?? TRUST_NOBODY);
      return { ...judged, record: withReport(judged, report) };
    } catch (error) {
      if (error instanceof ProtocolError) return error;
      throw error;
    }
  }
  const isEnd = record.body === "commandReport" && isFinalPhase(record.commandReport.phase ?? 0);
  if (!isEnd || key?.isRequired !== true) return judged;
  return new ProtocolError("unsigned", "this device signs how its commands ended, and this report is not signed");
}

/** Through its own bytes: what a feature gets has every field and getter of a message. */
function withReport({ record: { sequence, atMs, clockPeriod } }: JudgedRecord, commandReport: CommandReport) {
  const bytes = v1.Record.encode({ sequence, atMs, clockPeriod, commandReport }).finish();
  return v1.Record.decode(bytes);
}
