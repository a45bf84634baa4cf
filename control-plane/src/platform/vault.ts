import { openSecrets, ProtocolError, sealingKeyBytes, sealingKeyFromBytes, sealSecrets } from "@edgemere/protocol";
import type { Disk, Random } from "@edgemere/protocol/kit";

/** Secrets that wait, as they are kept: readable with the key of this control plane's vault, for one purpose. Base64. */
export interface VaultBox {
  readonly encapsulatedKey: string;
  readonly ciphertext: string;
}

/** Keeps secrets that must wait for a device, by a key that lies beside the store and in no backup. */
export interface Vault {
  seal(values: Readonly<Record<string, string>>, purpose: string): VaultBox;
  /** Undefined when it was sealed by another key, as before a restore elsewhere, or for another purpose. */
  open(box: VaultBox, purpose: string): Readonly<Record<string, string>> | undefined;
}

/** In a folder of its own: backups hold the store and the authority, and this must open what is in them nowhere else. */
const FILE = "vault/key";
const KEY_BYTES = 32;

/** Opens the vault of this data folder, or makes it. */
export async function openVault(
  { disk, random }: { readonly disk: Disk; readonly random: Random },
  trustDomain: string,
): Promise<Vault> {
  const found = await disk.read(FILE);
  const bytes = found ?? random.bytes(KEY_BYTES);
  if (bytes.length !== KEY_BYTES)
    throw new Error(
      `${FILE} has ${bytes.length} bytes and holds no key: remove it, and plan open rollouts with secrets anew`,
    );
  if (found === undefined) await disk.write(FILE, bytes);
  const key = sealingKeyFromBytes(bytes);
  const ownerOf = (purpose: string) => ({ trustDomain, device: "", command: purpose });
  return {
    seal: (values, purpose) => {
      const { encapsulatedKey, ciphertext } = sealSecrets(values, sealingKeyBytes(key), ownerOf(purpose));
      return {
        encapsulatedKey: Buffer.from(encapsulatedKey ?? []).toString("base64"),
        ciphertext: Buffer.from(ciphertext ?? []).toString("base64"),
      };
    },
    open: ({ encapsulatedKey, ciphertext }, purpose) => {
      const box = {
        encapsulatedKey: Buffer.from(encapsulatedKey, "base64"),
        ciphertext: Buffer.from(ciphertext, "base64"),
      };
      try {
        return openSecrets(box, key, ownerOf(purpose));
      } catch (error) {
        if (error instanceof ProtocolError) return undefined;
        throw error;
      }
    },
  };
}
