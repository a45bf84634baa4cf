import { createCipheriv, createHash } from "node:crypto";
import type { World } from "./world.ts";

const PIECE = 384 * 1024;

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes that look like chance and are the same each time. */
export function someContent(length: number, seed = 1): Buffer {
  const key = createHash("sha256").update(`${seed}`).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Uploads a file as people do; gives its id. */
export async function upload({ client }: World, name: string, bytes: Buffer): Promise<string> {
  const { id } = await client.call("cpl/dm/file/create", { name, bytes: bytes.length });
  for (let from = 0; from < bytes.length; from += PIECE)
    await client.call("cpl/dm/file/write", {
      file: id,
      from,
      content: bytes.subarray(from, from + PIECE).toString("base64"),
    });
  await client.call("cpl/dm/file/finish", { file: id, sha256: sha256Of(bytes) });
  return id;
}

/** The whole content of a file. */
export async function download({ client }: World, file: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let from = 0; ;) {
    const { content, next, bytes } = await client.call("cpl/dm/file/read", { file, from });
    parts.push(Buffer.from(content, "base64"));
    from = next;
    if (from >= bytes) return Buffer.concat(parts);
  }
}
