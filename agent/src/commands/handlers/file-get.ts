import { createHash } from "node:crypto";
import type { OutgoingFile } from "../../host/file-transfers.ts";
import { ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import { persistently, teller } from "../files/transfer.ts";
import { mistakeInPath } from "./file-put.ts";
import type { Handler, HandlerContext, Outcome, ResultOf } from "./handler.ts";

/** The control plane takes no smaller piece, but for the last. */
const SMALLEST_PIECE = 64 * 1024;

/** Sends a file of the device, as it is while it is sent. */
export const fileGet: Handler<"file.get"> = {
  check: ({ path, maxBytes }) => (maxBytes === 0 ? "max_bytes: must be at least 1" : mistakeInPath(path)),
  run: async ({ path, maxBytes }, context) => {
    const { transfers, road, roots } = context.files;
    if (transfers === undefined || road === undefined)
      return { reason: "unsupported", detail: "no file goes from this device" };
    await using file = await transfers.open({ path, roots });
    if (file.bytes > maxBytes)
      return { reason: "too-large", detail: `${path} has ${file.bytes} bytes, and ${maxBytes} were asked for at most` };
    try {
      return await sent(file, road, context);
    } catch (error) {
      if (error instanceof ContentRefused) return { reason: "no-content", detail: error.message };
      throw error;
    }
  },
};

async function sent(
  file: OutgoingFile,
  road: ContentRoad,
  { files, command, output, signal }: HandlerContext,
): Promise<Outcome<ResultOf<"file.get">>> {
  const { bytes, revision } = file;
  const { pace, clock } = files;
  const tell = teller(clock, (text) => output("stdout", Buffer.from(text)), "sent");
  const ask = (piece: { from: number; content?: Uint8Array; sha256?: string }) =>
    persistently(() => road.send({ command, bytes, revision, ...piece }, signal), files, signal);
  const hash = createHash("sha256");
  const readOn = async (from: number, end: number) => {
    const content = await file.read(from, Math.min(end - from, pace.pieceBytes(SMALLEST_PIECE)));
    hash.update(content);
    return content;
  };
  let { received } = await ask({ from: 0 });
  // What was sent by an earlier run is read once more, for the hash over all.
  for (let from = 0; from < received;) {
    const { length } = await readOn(from, received);
    if (length === 0) return changed;
    from += length;
  }
  let sentBytes = 0;
  while (received < bytes) {
    const from = received;
    const content = await readOn(from, bytes);
    if (content.length === 0) return changed;
    await pace.take(content.length, signal);
    ({ received } = await ask({ from, content }));
    sentBytes += content.length;
    if (received !== from + content.length)
      return {
        reason: "no-content",
        detail: `the control plane has ${received} bytes, and ${from + content.length} were sent`,
      };
    await tell(received, bytes);
  }
  if (!(await file.isUnchanged())) return changed;
  const sha256 = hash.digest();
  const { state, reason } = await ask({ from: bytes, sha256: sha256.toString("hex") });
  if (state !== "ready") return { reason: "bad-hash", detail: reason };
  return { result: { bytes, sha256, sentBytes } };
}

const changed = { reason: "changed", detail: "it was written to while it was read: nothing of it counts" } as const;
