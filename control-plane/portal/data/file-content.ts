import type { Output } from "../../src/faces/client.ts";
import { call } from "./client.ts";

export type FileRow = Output<"cpl/dm/file/find">;

/** Bytes of one request: with the third that base64 adds it stays below what is read of a body. */
const PIECE = 384 * 1024;
/** What fits into the arguments of one call of a function. */
const AT_ONCE = 32 * 1024;

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCodePoint(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}

/** Sends what is missing of a file, and ends the upload; told how far it is, piece by piece. */
export async function sendContent(
  row: Pick<FileRow, "id" | "received">,
  content: Blob,
  onProgress: (received: number) => void,
): Promise<FileRow> {
  let { received } = row;
  while (received < content.size) {
    const piece = new Uint8Array(await content.slice(received, received + PIECE).arrayBuffer());
    ({ received } = await call("cpl/dm/file/write", { file: row.id, from: received, content: base64Of(piece) }));
    onProgress(received);
  }
  return call("cpl/dm/file/finish", { file: row.id });
}

/** The whole content of a file. */
export async function contentOf({ id, bytes }: Pick<FileRow, "id" | "bytes">): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < bytes;) {
    const { content, next } = await call("cpl/dm/file/read", { file: id, from });
    parts.push(Uint8Array.from(atob(content), (letter) => letter.codePointAt(0) ?? 0));
    from = next;
  }
  return new Blob(parts, { type: "application/octet-stream" });
}
