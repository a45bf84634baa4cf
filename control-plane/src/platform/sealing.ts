import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "@edgemere/protocol/kit";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Secrets that the control plane has to show to somebody else, and so cannot keep as a hash: sealed where they are kept. */
export interface Sealing {
  /** `owner` is what it belongs to: whoever puts it beside another finds that it does not open. Base64. */
  seal(secret: string, owner: string): string;
  /** Undefined when it was changed, is another owner's, or was sealed under another key. */
  open(sealed: string, owner: string): string | undefined;
}

/** Seals under a key of 32 bytes. */
export const sealingWith = (key: Uint8Array, random: Random): Sealing => ({
  seal: (secret, owner) => {
    const nonce = random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64");
  },
  open: (text, owner) => {
    const bytes = Buffer.from(text, "base64");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(owner))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
      return Buffer.concat(opened).toString("utf8");
    } catch {
      return undefined;
    }
  },
});
