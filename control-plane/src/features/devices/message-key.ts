import { keyIdOf, publicKeyFromBytes, trustOnly } from "@edgemere/protocol";
import type { MessageKey } from "../../platform/feature.ts";
import { device } from "./contract.ts";
import type { DevicesContext } from "./context.ts";

const KEY_BYTES = 32;

/** What a device signs with, as its enrolment told it. */
export async function messageKeyOf(id: string, { store }: DevicesContext): Promise<MessageKey | undefined> {
  const row = await store.get(device, id);
  const bytes = Buffer.from(row?.messageKey ?? "", "base64");
  if (bytes.length !== KEY_BYTES) return undefined;
  const key = publicKeyFromBytes(bytes);
  return { trust: trustOnly("device", keyIdOf(key), key), isRequired: row?.signsResults === true };
}
