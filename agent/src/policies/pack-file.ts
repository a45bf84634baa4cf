import { createHash } from "node:crypto";
import { decode, v1, type PolicyPack } from "@edgemere/protocol";
import type { Disk } from "@edgemere/protocol/kit";

const FILE = "policies/pack";
const HASH = 32;

/** The pack that is kept; undefined where there is none. "damaged" where nobody can say what it was. */
export async function readPack(disk: Disk): Promise<PolicyPack | "damaged" | undefined> {
  const bytes = await disk.read(FILE);
  if (bytes === undefined) return undefined;
  const content = bytes.subarray(HASH);
  if (!hashOf(content).equals(bytes.subarray(0, HASH))) return "damaged";
  try {
    return decode(v1.PolicyPackArguments, content);
  } catch {
    return "damaged";
  }
}

/** In one step, so that a power cut leaves the pack before or this one. */
export function writePack(disk: Disk, pack: PolicyPack): Promise<void> {
  const content = encodedPack(pack);
  return disk.write(FILE, Buffer.concat([hashOf(content), content]));
}

export const encodedPack = (pack: PolicyPack): Uint8Array => v1.PolicyPackArguments.encode(pack).finish();

const hashOf = (content: Uint8Array) => createHash("sha256").update(content).digest();
