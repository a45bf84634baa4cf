import type { Disk, Random } from "@edgemere/protocol/kit";
import { sealingWith, type Sealing } from "./sealing.ts";

/** In a folder of its own: backups hold the store and the authority, and this must open what is in them nowhere else. */
const FILE = "vault/key";
const KEY_BYTES = 32;

/** Seals secrets that must wait for a device, by a key that lies beside the store and in no backup. The key is made where there is none yet. */
export async function openVault({ disk, random }: { readonly disk: Disk; readonly random: Random }): Promise<Sealing> {
  const found = await disk.read(FILE);
  const key = found ?? random.bytes(KEY_BYTES);
  if (key.length !== KEY_BYTES)
    throw new Error(
      `${FILE} has ${key.length} bytes and holds no key: remove it, and plan open rollouts with secrets anew`,
    );
  if (found === undefined) await disk.write(FILE, key);
  return sealingWith(key, random);
}
