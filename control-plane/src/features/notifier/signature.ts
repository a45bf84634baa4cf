import { createHmac } from "node:crypto";
import type { Random } from "@edgemere/protocol/kit";

const PREFIX = "whsec_";
const BYTES = 32;

export const newSecret = (random: Random): string => PREFIX + Buffer.from(random.bytes(BYTES)).toString("base64");

/** The headers of Standard Webhooks: who has the secret can tell that a body is ours, which one it is, and when it was sent. `at` in milliseconds. */
export function signedHeaders(
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
  secret: string,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at / 1_000));
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}
