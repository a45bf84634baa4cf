import { decode, v1, type CommandReport, type Record_ } from "@edgemere/protocol";

/** What a record says of a command. Whether a signed one is the device's word was seen before it came here. */
export function reportIn({ body, commandReport, signedReport }: Record_): readonly CommandReport[] {
  if (body === "commandReport") return [commandReport];
  return body === "signedReport" ? [decode(v1.CommandReport, signedReport.payload ?? new Uint8Array())] : [];
}
