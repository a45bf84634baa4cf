import { commandLife, decodeChunks, ProtocolError, type CommandKind } from "@edgemere/protocol";
import { DAY } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { certificate, type Certificate } from "../devices/certificate-contract.ts";
import { device } from "../devices/contract.ts";
import { command, type Command } from "../jobs/contract.ts";
import { piece } from "./actions.ts";
import { chunkList, listOf } from "./chunks.ts";
import type { FilesContext } from "./context.ts";
import {
  fetchChunks,
  fetchFile,
  file,
  findNeighbours,
  mountedAt,
  mountedContent,
  offerChunks,
  sendFile,
  type FileRow,
} from "./contract.ts";
import { neighboursWith, type Fetching } from "./neighbours.ts";
import { permitOf } from "./permit.ts";
import { beginFile, finish, takeHeld, takePiece } from "./upload.ts";

/** The kinds whose commands name content by its hash, which their device may fetch. */
const FETCHING: readonly CommandKind[] = ["file.put", "data.put", "agent.upgrade"];
/** The kinds whose devices may send a file of theirs, of no more bytes than the command names. */
const SENDING: readonly CommandKind[] = ["file.get", "data.get"];
/** Of these the kinds whose content is known by its hash before it comes. */
const OFFERING: readonly CommandKind[] = ["data.get"];

/** What is only handed on is wanted again soon or not at all. */
const PASSING = DAY;

export const deviceActions = [
  handle(fetchFile, async ({ command: id, from, limit }, context: FilesContext, caller) => {
    const { store } = context;
    const asked = await fetching(context, id, caller);
    const row = await namedBy(asked, store);
    return { content: (await piece(store, row, { from, limit })).toString("base64") };
  }),
  handle(fetchChunks, async ({ command: id, from, limit }, context: FilesContext, caller) => {
    const asked = await fetching(context, id, caller);
    const list = await listOf(context.store, (await namedBy(asked, context.store)).id);
    return { content: Buffer.from(list.subarray(from, from + limit)).toString("base64") };
  }),
  handle(findNeighbours, async ({ command: id }, context: FilesContext, caller) => {
    const asked = await fetching(context, id, caller);
    const neighbours = await neighboursWith(asked, context);
    return { permit: neighbours.length === 0 ? "" : permitOf(asked, context), neighbours };
  }),
  handle(offerChunks, async ({ command: id, bytes, revision, content }, context: FilesContext, caller) => {
    const asked = await openCommand(context, { id, kinds: OFFERING, caller });
    const row = await uploadOf(asked, { bytes, revision }, context);
    if (row.state !== "uploading") return { received: row.bytes, state: row.state, reason: row.reason };
    const list = Buffer.from(content, "base64");
    refuseNoList(list, bytes);
    await context.store.commit(chunkList(row.id, list));
    return { received: await takeHeld(row, context), state: row.state, reason: "" };
  }),
  handle(sendFile, async ({ command: id, bytes, revision, from, content, sha256 }, context: FilesContext, caller) => {
    const asked = await openCommand(context, { id, kinds: SENDING, caller });
    const row = await uploadOf(asked, { bytes, revision }, context);
    if (row.state !== "uploading") return { received: row.bytes, state: row.state, reason: row.reason };
    if (content !== undefined) await takePiece(row, { from, bytes: Buffer.from(content, "base64") }, context);
    if (sha256 === undefined) return { received: await takeHeld(row, context), state: row.state, reason: "" };
    const { state, reason } = await finish(row, sha256, context);
    return { received: row.bytes, state, reason };
  }),
];

/** What is sent for a command: begun once, and in the state of its file in which it was begun. */
async function uploadOf(
  asked: Command,
  { bytes, revision }: { readonly bytes: number; readonly revision: string },
  context: FilesContext,
): Promise<FileRow> {
  refuseLarger(asked, bytes);
  const row = await repeatOnConflict(
    async () => (await begun(asked.id, context)) ?? begin(asked, { bytes, revision }, context),
  );
  if (row.revision === revision && row.bytes === bytes) return row;
  throw new Problem("conflict", "the file is another than the one whose beginning is here: it has changed meanwhile");
}

function refuseNoList(list: Uint8Array, bytes: number): void {
  try {
    decodeChunks(list, bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Problem("invalid-input", `this is no list of the file's chunks: ${error.message}`, {
      errors: [{ pointer: "/content", detail: error.message }],
    });
  }
}

/** What a device may fetch: what its open command names, and what is mounted on it. Of that nobody is on the way to have it. */
async function fetching(context: FilesContext, id: string, caller: Caller): Promise<Fetching> {
  const asking = await deviceOf(caller, context);
  const mounted = await context.store.get(mountedContent, mountedAt(asking, id));
  if (mounted !== undefined) return { id: "", device: asking, arguments: { sha256: id } };
  return openCommand(context, { id, kinds: FETCHING, caller });
}

/** One answer for every command that is not this device's to speak of. */
async function openCommand(
  context: FilesContext,
  { id, kinds, caller }: { readonly id: string; readonly kinds: readonly CommandKind[]; readonly caller: Caller },
): Promise<Command> {
  const asking = await deviceOf(caller, context);
  const row = await context.store.get(command, id);
  if (row?.device === asking && kinds.includes(row.kind)) {
    if (!commandLife.isFinal(row.state) && !row.cancelRequested) return row;
    throw new Problem("gone", `the command ${id} is over`);
  }
  throw new Problem("forbidden", `no command of yours is ${id} and asks for ${kinds.join(" or ")}`);
}

/** The device that asks, where it still may. */
async function deviceOf({ actor, session: serial = "" }: Caller, { store, clock }: FilesContext): Promise<string> {
  const [, id = ""] = /^device:(.+)$/.exec(actor) ?? [];
  const row = await store.get(device, id);
  const shown = await store.get(certificate, serial);
  if (row?.state === "active" && shown?.device === id && isGood(shown, clock.now())) return id;
  throw new Problem(
    "forbidden",
    "only a device that is active here moves files, on the device API and with its present certificate",
  );
}

const isGood = ({ state, acceptedUntil, notAfter }: Certificate, now: number): boolean =>
  (state === "issued" || state === "current") && now < notAfter && (acceptedUntil === 0 || now < acceptedUntil);

/** The content is another file's that has the same hash, when the one that was meant is gone. */
async function namedBy({ arguments: given }: Fetching, store: Store): Promise<FileRow> {
  const { items } = await store.list(file, { index: "hash", prefix: [String(given["sha256"])], limit: 1 });
  if (items[0] !== undefined) return items[0];
  throw new Problem("gone", "the content that this command names is not here any more");
}

function refuseLarger({ arguments: given }: Command, bytes: number): void {
  const most = Number(given["maxBytes"]);
  if (bytes <= most) return;
  throw new Problem("too-large", `the command asks for at most ${most} bytes, and the file has ${bytes}`);
}

/** What was sent for a command has the command's id: whatever is sent twice is one file. */
const begun = (id: string, { store }: FilesContext) => store.get(file, id);

async function begin(
  { id, device: from, author, arguments: given }: Command,
  { bytes, revision }: { readonly bytes: number; readonly revision: string },
  context: FilesContext,
): Promise<FileRow> {
  const name = String(given["path"]).split("/").at(-1) ?? "";
  // What a command names by its hash is on its way to somewhere else, and is nothing else.
  const isPassing = given["sha256"] !== undefined;
  const sha256 = isPassing ? String(given["sha256"]) : "";
  const keepFor = isPassing ? Math.min(PASSING, context.files.keep) : context.files.keep;
  const draft = { name, bytes, sha256, author, device: from, revision, keepFor, ...(isPassing && { isPassing }) };
  await beginFile(id, draft, context, { whenFull: "storage-full" });
  const row = await begun(id, context);
  if (row === undefined) throw new Problem("gone", "the file was removed meanwhile");
  return row;
}
