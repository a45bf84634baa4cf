import type { IncomingFile } from "../../host/file-transfers.ts";
import { ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import { Neighbours } from "../../neighbours/neighbours.ts";
import type { HandlerContext, Outcome } from "../handlers/handler.ts";
import { chunksOf, heldIn, isChunk, keepGood, type SimilarFiles } from "./chunks.ts";
import { fetched, spanOf } from "./spans.ts";
import { teller, TransferStopped } from "./transfer.ts";

/** Content by the name that nobody can give to other content. */
interface WantedContent {
  readonly bytes: number;
  /** SHA-256, hex. */
  readonly sha256: string;
  readonly road: ContentRoad;
  /** Files here that may hold some of it already. */
  readonly similar?: SimilarFiles;
}

/** Bytes by where they came from: the control plane, this host, and neighbours. */
type Fetched = Outcome<{
  readonly fetchedBytes: number;
  readonly heldBytes: number;
  readonly neighbourBytes: number;
  readonly hasChanged: boolean;
}>;
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
  if (incoming === "there")
    return {
      outcome: { result: { fetchedBytes: 0, heldBytes: 0, neighbourBytes: 0, hasChanged: false } },
      hadBegun: false,
    };
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
  { bytes, sha256, road, similar }: WantedContent,
  context: Surroundings,
): Promise<Fetched> {
  const { files, command, output, signal } = context;
  const tell = teller(files.clock, (text) => output("stdout", Buffer.from(text)), "received");
  const chunks = await chunksOf({ command, bytes }, { ...files, road }, signal);
  if (chunks.length > 0) await keepGood(incoming, chunks);
  using _given = chunks.length > 0 ? files.arriving?.begin(sha256, incoming) : undefined;
  await using held = similar && (await heldIn(similar, chunks, signal));
  const neighbours = chunks.length > 0 ? neighboursOf(road, context) : undefined;
  let [fetchedBytes, heldBytes, neighbourBytes] = [0, 0, 0];
  let place = 0;
  while (incoming.received < bytes) {
    if (signal.aborted) throw new TransferStopped();
    const from = incoming.received;
    while ((chunks[place]?.from ?? from) < from) place++;
    const next = chunks[place];
    const own = next && (await held?.read(next));
    const near = own ?? (next && (await neighbours?.read(next, signal)));
    if (near === undefined) {
      const span = spanOf(chunks.slice(place), { from, bytes, most: files.pace.pieceBytes() }, held);
      const content = await fetched({ from, limit: span.bytes }, { road, context });
      if (content === undefined)
        return { reason: "bad-hash", detail: `the content ends after ${from} of ${bytes} bytes` };
      const wrong = span.chunks.find(
        (each) => !isChunk(each, content.subarray(each.from - from, each.from - from + each.bytes)),
      );
      if (wrong !== undefined)
        return { reason: "bad-hash", detail: `the ${wrong.bytes} bytes from ${wrong.from} on are not the content's` };
      await incoming.write(content);
      fetchedBytes += content.length;
    } else {
      await incoming.write(near);
      if (own === undefined) neighbourBytes += near.length;
      else heldBytes += near.length;
    }
    await tell(incoming.received, bytes);
  }
  const digest = incoming.digest();
  if (digest !== sha256)
    return { reason: "bad-hash", detail: `what came has the SHA-256 ${digest}; nothing was put in place` };
  if (signal.aborted) throw new TransferStopped();
  await incoming.place();
  return { result: { fetchedBytes, heldBytes, neighbourBytes, hasChanged: true } };
}

function neighboursOf(road: ContentRoad, { files, command }: Surroundings): Neighbours | undefined {
  const { neighbours, clock, log, lied } = files;
  return neighbours && new Neighbours({ command, road, neighbours, clock, log, lied });
}
