import { atMost, text } from "./check-values.ts";
import { limits } from "./limits.ts";
import type { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

/** The form of an envelope; whether it proves anything is for `open` to say. Throws ProtocolError. */
export function checkEnvelope(field: string, envelope: v1.SignedEnvelope.$Shape): void {
  const bytes = envelope.payload?.length ?? 0;
  if (bytes > limits.commandBytes) {
    throw new ProtocolError(
      "too-large",
      `${field}.payload has ${bytes} bytes, over the limit of ${limits.commandBytes}`,
    );
  }
  text(`${field}.payload_type`, envelope.payloadType ?? "", 128);
  atMost(`${field}.signatures`, envelope.signatures ?? [], 8);
  for (const { keyId } of envelope.signatures ?? []) text(`${field}.signatures.key_id`, keyId ?? "", 128);
}
