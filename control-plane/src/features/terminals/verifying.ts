import { chainedRecording, RECORDING_ROOT, shownHashOf } from "@edgemere/protocol";
import type { Store } from "../../platform/store.ts";
import { command } from "../jobs/contract.ts";
import type { RecordingRow } from "./contract.ts";
import { chunksOf } from "./recorder.ts";

/** Reads a recording whole, and compares it with what was written down of it and with what its device has signed. */
export async function verified(store: Store, row: RecordingRow) {
  let head = RECORDING_ROOT;
  let isChained = true;
  const lines: string[] = [];
  let chunks = 0;
  for await (const chunk of chunksOf(store, row.id)) {
    head = chainedRecording(head, chunk.lines);
    isChained &&= head === chunk.head;
    chunks++;
    lines.push(...chunk.lines.split("\n"));
  }
  isChained &&= row.state === "open" || head === row.head;
  const signed = (await store.get(command, row.id))?.result?.["outputHash"];
  const isTold = typeof signed === "string" && signed !== "" && row.state === "complete";
  const isSame = isTold && Buffer.from(signed, "base64").toString("hex") === shownHashOf(lines);
  return {
    isChained,
    isWhole: row.state === "complete",
    device: isTold ? (isSame ? ("same" as const) : ("other" as const)) : ("unknown" as const),
    chunks,
    head,
  };
}
