import { limits } from "@edgemere/protocol";
import type { FileTransfers, IncomingFile } from "../../host/file-transfers.ts";
import { ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import { Neighbours } from "../../neighbours/neighbours.ts";
import { chunksOf, heldIn, isChunk, keepGood } from "../files/chunks.ts";
import { fetched, spanOf } from "../files/fetching.ts";
import { teller, TransferStopped } from "../files/transfer.ts";
import type { ArgumentsOf, Handler, HandlerContext, Outcome, ResultOf } from "./handler.ts";

const NO_SPECIAL_BITS = 0o777;

/** What is wrong with a path that a command names; undefined when nothing is. */
export function mistakeInPath(path: string): string | undefined {
  if (!path.startsWith("/") || path.endsWith("/")) return "path: must start with / and name a file";
  if (path.includes("\0") || Buffer.byteLength(path) > limits.textLength)
    return `path: has more than ${limits.textLength} bytes, or a zero byte`;
  return path
    .split("/")
    .slice(1)
    .some((part) => part === "" || part === "." || part === "..")
    ? "path: must be written without . and .. and double /"
    : undefined;
}

/** Puts content in place that the command names by its hash: all of it or nothing, and nothing else. */
export const filePut: Handler<"file.put"> = {
  check: ({ path, sha256, bytes, mode, owner }) => {
    if (sha256.length !== 32) return "sha256: must have 32 bytes";
    if (bytes > limits.fileBytes) return `bytes: a file has at most ${limits.fileBytes}`;
    if (mode > NO_SPECIAL_BITS) return "mode: may hold no setuid, setgid and sticky bit";
    if (owner !== "" && !/^[a-z_][a-z0-9_-]{0,31}\$?$/.test(owner)) return "owner: cannot be the name of a user";
    return mistakeInPath(path);
  },
  run: (given, context) => putFile(given, context, [given.path]),
};

/** The same, with the files here that may hold some of the content already. */
export async function putFile(
  given: ArgumentsOf<"file.put">,
  context: HandlerContext,
  similar: readonly string[],
): Promise<Put> {
  const { transfers, road } = context.files;
  if (transfers === undefined || road === undefined)
    return { reason: "unsupported", detail: "no file comes to this device" };
  const first = await put(given, { transfers, road, similar }, context);
  // Of what an earlier run left, a power cut may have kept the length and not the bytes.
  return first.hadBegun && "reason" in first.outcome && first.outcome.reason === "bad-hash"
    ? (await put(given, { transfers, road, similar }, context)).outcome
    : first.outcome;
}

interface Ways {
  readonly transfers: FileTransfers;
  readonly road: ContentRoad;
  readonly similar: readonly string[];
}

async function put(
  given: ArgumentsOf<"file.put">,
  ways: Ways,
  context: HandlerContext,
): Promise<{ readonly outcome: Put; readonly hadBegun: boolean }> {
  const { files, command, signal } = context;
  const { parts, roots } = files;
  const { transfers } = ways;
  const { path, bytes } = given;
  const sha256 = Buffer.from(given.sha256).toString("hex");
  await parts.note(command, { path, roots });
  let isLeft = false;
  try {
    const incoming = await transfers.receive({ path, roots, mark: command, bytes, sha256, ...belonging(given) });
    if (incoming === "there")
      return {
        outcome: { result: { fetchedBytes: 0, heldBytes: 0, neighbourBytes: 0, hasChanged: false } },
        hadBegun: false,
      };
    await using file = incoming;
    const hadBegun = file.received > 0;
    try {
      const outcome = await received(file, { given, sha256, ...ways }, context);
      if ("reason" in outcome) await file.discard();
      return { outcome, hadBegun };
    } catch (error) {
      // What the agent begins anew after its next start goes on with what is there.
      isLeft = error instanceof TransferStopped && signal.reason === "agent-stopped";
      if (!isLeft) await file.discard();
      if (error instanceof ContentRefused)
        return { outcome: { reason: "no-content", detail: error.message }, hadBegun };
      throw error;
    }
  } finally {
    if (!isLeft) await parts.forget(command);
  }
}

type Put = Outcome<ResultOf<"file.put">>;

const belonging = ({ mode, owner }: ArgumentsOf<"file.put">) => ({
  ...(mode !== 0 && { mode }),
  ...(owner !== "" && { owner }),
});

async function received(
  incoming: IncomingFile,
  { given, sha256, ...ways }: Ways & { readonly given: ArgumentsOf<"file.put">; readonly sha256: string },
  context: HandlerContext,
): Promise<Put> {
  const { files, command, output, signal } = context;
  const { bytes } = given;
  const { road, similar, transfers } = ways;
  const tell = teller(files.clock, (text) => output("stdout", Buffer.from(text)), "received");
  const chunks = await chunksOf({ command, bytes }, { ...files, road }, signal);
  if (chunks.length > 0) await keepGood(incoming, chunks);
  await using held = await heldIn({ paths: similar, roots: files.roots }, { wanted: chunks, transfers }, signal);
  const neighbours = chunks.length > 0 ? neighboursOf(road, context) : undefined;
  let [fetchedBytes, heldBytes, neighbourBytes] = [0, 0, 0];
  while (incoming.received < bytes) {
    if (signal.aborted) throw new TransferStopped();
    const from = incoming.received;
    const next = chunks.find((chunk) => chunk.from >= from);
    const own = next && (await held.read(next));
    const near = own ?? (next && (await neighbours?.read(next, signal)));
    if (near === undefined) {
      const span = spanOf(chunks, { from, bytes, most: files.pace.pieceBytes() }, held);
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

function neighboursOf(road: ContentRoad, { files, command }: HandlerContext): Neighbours | undefined {
  const { neighbours, clock, log, lied } = files;
  return neighbours && new Neighbours({ command, road, neighbours, clock, log, lied });
}
