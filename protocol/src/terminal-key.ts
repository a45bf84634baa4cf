import {
  createCipheriv,
  createDecipheriv,
  createHash,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { checkTerminalSegment } from "./check-terminal.ts";
import { decode } from "./codec.ts";
import { agreed, sealingKeyBytes } from "./hpke.ts";
import { v1 } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";

const AEAD = "chacha20-poly1305";
const [KEY_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 12, 16];
const PURPOSE = Buffer.from("edgemere.terminal.v1");

/** A half of a terminal's key: made for one terminal, and gone with it. */
export interface TerminalKey {
  readonly privateKey: KeyObject;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

export function newTerminalKey(): TerminalKey {
  const { privateKey } = generateKeyPairSync("x25519");
  return { privateKey, publicKey: sealingKeyBytes(privateKey) };
}

/**
 * What seals and opens the frames of one side. The key follows from both halves, and from what the device has signed: the same
 * halves for another device or command give another key. Throws ProtocolError when a half is no key.
 */
export function terminalSeal(
  side: "device" | "control plane",
  own: TerminalKey,
  opened: v1.TerminalOpened.$Properties,
): TerminalSeal {
  const { trustDomain = "", device = "", command = "", gatewayKey, agentKey } = opened;
  const other = (side === "device" ? gatewayKey : agentKey) ?? new Uint8Array();
  // No part of an id or a trust domain holds a line feed, and the keys have one length: none can be taken for another.
  const names = Buffer.from(`${[trustDomain, device, command].join("\n")}\n`);
  const salt = createHash("sha256")
    .update(Buffer.concat([names, gatewayKey ?? names, agentKey ?? names]))
    .digest();
  const both = Buffer.from(hkdfSync("sha256", agreed(own.privateKey, other), salt, PURPOSE, 2 * KEY_BYTES));
  const [up, down] = [both.subarray(0, KEY_BYTES), both.subarray(KEY_BYTES)];
  return side === "device" ? new TerminalSeal(up, down) : new TerminalSeal(down, up);
}

/** Seals what one side says and opens what it hears. A frame is opened once: one that comes again, or late, says nothing. */
export class TerminalSeal {
  readonly #saying: Uint8Array;
  readonly #hearing: Uint8Array;
  #said = 0;
  #heard = 0;

  constructor(saying: Uint8Array, hearing: Uint8Array) {
    this.#saying = saying;
    this.#hearing = hearing;
  }

  seal(segment: v1.TerminalSegment.$Properties): { readonly number: number; readonly sealed: Uint8Array } {
    const number = ++this.#said;
    const cipher = createCipheriv(AEAD, this.#saying, nonceOf(number), { authTagLength: TAG_BYTES });
    const bytes = v1.TerminalSegment.encode(segment).finish();
    return { number, sealed: Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]) };
  }

  /** Undefined for a frame that is older than one that was opened. Throws ProtocolError when somebody else made or changed it. */
  open({ number, sealed }: v1.TerminalFrame.$Properties): v1.TerminalSegment.$Properties | undefined {
    if (!number || number <= this.#heard) return undefined;
    const segment = decode(v1.TerminalSegment, this.#opened(number, sealed ?? new Uint8Array()));
    checkTerminalSegment(segment);
    this.#heard = number;
    return segment;
  }

  #opened(number: number, sealed: Uint8Array): Uint8Array {
    const end = Math.max(0, sealed.length - TAG_BYTES);
    const decipher = createDecipheriv(AEAD, this.#hearing, nonceOf(number), { authTagLength: TAG_BYTES });
    try {
      decipher.setAuthTag(sealed.subarray(end));
      return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
    } catch (cause) {
      throw new ProtocolError("bad-signature", "a frame of a terminal was changed, or is not of this terminal", {
        cause,
      });
    }
  }
}

function nonceOf(number: number): Uint8Array {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(number), NONCE_BYTES - 8);
  return nonce;
}
