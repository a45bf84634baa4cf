import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "@edgemere/protocol/kit";

const CIPHER = "aes-256-gcm";
const NONCE = 12;
const TAG = 16;

/** Secrets that the control plane has to show to somebody else, and so cannot keep as a hash: sealed where they are kept. */
export interface Sealing {
  /** `owner` is what it belongs to: sealed for one thing it cannot be opened for another. */
  seal(secret: string, owner: string): string;
  /** Throws when it was changed, is of another owner, or was sealed under another key. */
  open(sealed: string, owner: string): string;
}

export const sealingWith = (key: Uint8Array, random: Random): Sealing => ({
  seal: (secret, owner) => {
    const nonce = random.bytes(NONCE);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64");
  },
  open: (text, owner) => {
    const bytes = Buffer.from(text, "base64");
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), { authTagLength: TAG })
      .setAAD(Buffer.from(owner))
      .setAuthTag(bytes.subarray(-TAG));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]).toString("utf8");
  },
});
