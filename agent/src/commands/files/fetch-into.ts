import type { IncomingFile } from "../../host/file-transfers.ts";
import { ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import type { HandlerContext, Outcome } from "../handlers/handler.ts";
import { persistently, teller, TransferStopped } from "./transfer.ts";

/** Content by the name that nobody can give to other content. */
interface WantedContent {
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
  readonly road: ContentRoad;
}

type Fetched = Outcome<{ readonly fetchedBytes: number; readonly hasChanged: boolean }>;
type Surroundings = Pick<HandlerContext, "files" | "command" | "output" | "signal">;

/** Fetches what the command names by its hash into a file: all of it, verified, or nothing. Throws TransferStopped. */
export async function fetchInto(
  begin: () => Promise<IncomingFile | "there">,
  wanted: WantedContent,
  context: Surroundings,
): Promise<Fetched> {
  const first = await attempt(begin, wanted, context);
  // Of what an earlier run left, a power cut may have kept the length and not the bytes.
  return first.hadBegun && "reason" in first.outcome && first.outcome.reason === "bad-hash"
    ? (await attempt(begin, wanted, context)).outcome
    : first.outcome;
}

/** Whether the agent goes on with what is there after its next start. */
export const isToGoOn = (error: unknown, { reason }: AbortSignal): boolean =>
  error instanceof TransferStopped && reason === "agent-stopped";

async function attempt(
  begin: () => Promise<IncomingFile | "there">,
  wanted: WantedContent,
  context: Surroundings,
): Promise<{ readonly outcome: Fetched; readonly hadBegun: boolean }> {
  const incoming = await begin();
  if (incoming === "there") return { outcome: { result: { fetchedBytes: 0, hasChanged: false } }, hadBegun: false };
  await using file = incoming;
  const hadBegun = file.received > 0;
  try {
    const outcome = await received(file, wanted, context);
    if ("reason" in outcome) await file.discard();
    return { outcome, hadBegun };
  } catch (error) {
    if (!isToGoOn(error, context.signal)) await file.discard();
    if (error instanceof ContentRefused) return { outcome: { reason: "no-content", detail: error.message }, hadBegun };
    throw error;
  }
}

async function received(
  incoming: IncomingFile,
  { bytes, sha256, road }: WantedContent,
  { files, command, output, signal }: Surroundings,
): Promise<Fetched> {
  const { pace, clock } = files;
  const tell = teller(clock, (text) => output("stdout", Buffer.from(text)), "received");
  let fetchedBytes = 0;
  while (incoming.received < bytes) {
    const from = incoming.received;
    const limit = Math.min(pace.pieceBytes(), bytes - from);
    await pace.take(limit, signal);
    const piece = await persistently(() => road.fetch({ command, from, limit }, signal), files, signal);
    if (piece.length === 0 || piece.length > limit)
      return { reason: "bad-hash", detail: `the content ends after ${from} of ${bytes} bytes` };
    await incoming.write(piece);
    fetchedBytes += piece.length;
    await tell(incoming.received, bytes);
  }
  const digest = incoming.digest();
  if (digest !== sha256)
    return { reason: "bad-hash", detail: `what came has the SHA-256 ${digest}; nothing was put in place` };
  if (signal.aborted) throw new TransferStopped();
  await incoming.place();
  return { result: { fetchedBytes, hasChanged: true } };
}
