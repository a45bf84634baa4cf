import { decode, open, ProtocolError, v1, type AgentRelease, type Trust } from "@edgemere/protocol";

/** What was signed, or why a device would not believe it. */
export function openedRelease(signed: string, trust: Trust): AgentRelease | string {
  try {
    return open("release", decode(v1.SignedEnvelope, Buffer.from(signed.trim(), "base64")), trust);
  } catch (error) {
    if (error instanceof ProtocolError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

/** How the signature of a release is by now: a key that was replaced makes what it signed worthless, and its time may be over. */
export function signatureNow(
  { signed, expiresAt }: { readonly signed: string; readonly expiresAt: number },
  trust: Trust,
  now: number,
): string {
  const opened = openedRelease(signed, trust);
  if (typeof opened === "string") return opened;
  return expiresAt !== 0 && now >= expiresAt ? "expired: it was signed to be taken no more by now" : "good";
}
