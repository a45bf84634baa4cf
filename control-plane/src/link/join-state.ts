import { createPublicKey, sign, verify } from "node:crypto";
import { preAuthenticationEncoding } from "@edgemere/protocol";
import type { Disk, Random } from "@edgemere/protocol/kit";
import { keptSigningKey } from "./authority-files.ts";

/** What a device shows when its certificate has expired: how many certificates this identity has had by its own knowledge. */
export interface JoinState {
  readonly device: string;
  /** One more with each certificate. Whoever shows an older one than was issued shares its identity with somebody. */
  readonly number: number;
}

/** Signs join states and knows them again. */
export interface JoinStates {
  sign(state: JoinState): string;
  /** Undefined when this control plane did not sign it. */
  read(text: string): JoinState | undefined;
}

const TYPE = "application/vnd.edgemere.join-state.v1+json";

/** With a key of its own: only this control plane reads them, and they outlive the keys that sign commands. */
export async function openJoinStates(disk: Disk, random: Random): Promise<JoinStates> {
  const { privateKey } = await keptSigningKey("join-state.pem", { disk, random });
  const publicKey = createPublicKey(privateKey);
  return {
    sign: ({ device, number }) => {
      const payload = Buffer.from(JSON.stringify({ device, number }));
      const signature = sign(null, preAuthenticationEncoding(TYPE, payload), privateKey);
      return `${payload.toString("base64url")}.${signature.toString("base64url")}`;
    },
    read: (text) => {
      const [payload, signature] = text.split(".").map((part) => Buffer.from(part, "base64url"));
      if (payload === undefined || signature?.length !== 64) return undefined;
      if (!verify(null, preAuthenticationEncoding(TYPE, payload), publicKey, signature)) return undefined;
      return JSON.parse(payload.toString()) as JoinState;
    },
  };
}
