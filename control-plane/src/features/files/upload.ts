import { chunksBehind, encodeChunks } from "@edgemere/protocol";
import { DAY } from "@edgemere/protocol/kit";
import { created, destroyed, moved, nothing, removed, replaced, type Change } from "../../platform/change.ts";
import type { Made } from "../../platform/action.ts";
import { Problem } from "../../platform/problem.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Draft } from "../../platform/resource.ts";
import type { Store } from "../../platform/store.ts";
import { chunkList, forgetChunks, heldChunk, keepPlaces, listOf } from "./chunks.ts";
import { contentPiece, forgetContent, wholeOf } from "./content.ts";
import type { FilesContext } from "./context.ts";
import { file, type FileRow } from "./contract.ts";
import { judgePiece } from "./piece.ts";
import { progress, RESERVED, reserved } from "./tables.ts";

/** An upload that nobody goes on with is removed after so long. */
const UPLOADED_WITHIN = 7 * DAY;
const HELD_AT_ONCE = 64 * 1024 ** 2;

/**
 * Begins a file, when there is room for all of it. Throws Problem: by default such as somebody has to do something about; a device
 * takes storage-full for what passes, and tries again.
 */
export async function beginFile(
  id: string,
  draft: Omit<Draft<typeof file>, "expiresAt" | "reason">,
  { store, clock, files, turns }: FilesContext,
  {
    whenFull = "conflict",
    made = nothing,
  }: { readonly whenFull?: "conflict" | "storage-full"; readonly made?: Made } = {},
): Promise<void> {
  const begin = async () => {
    const room = await reserving(store, draft.bytes);
    if (room.bytes > files.room)
      throw new Problem(
        whenFull,
        `there is room for ${files.room} bytes of files, and with this one there would be ${room.bytes}; destroy some, or raise the option files`,
      );
    await store.commit(
      created(file, id, { ...draft, expiresAt: clock.now() + UPLOADED_WITHIN, reason: "" }),
      replaced(progress, { id, version: 1, bytes: 0 }, 0),
      room.change,
      made(id),
    );
  };
  // All of them move the row that counts the room, and every device of a rollout sends its log at once.
  await turns.take("room of files", () => repeatOnConflict(begin));
}

/** Takes a piece; gives how many bytes are there then. Throws Problem. */
export async function takePiece(
  row: FileRow,
  { from, bytes }: { readonly from: number; readonly bytes: Uint8Array },
  { store }: FilesContext,
): Promise<number> {
  const at = await store.get(progress, row.id);
  if (row.state !== "uploading" || at === undefined)
    throw new Problem("conflict", `the file "${row.name}" is ${row.state}, and takes no more content`);
  if (judgePiece({ received: at.bytes, bytes: row.bytes }, from, bytes.length) === "known") return at.bytes;
  const received = from + bytes.length;
  await store.commit(
    contentPiece(row.id, from, bytes),
    replaced(progress, { id: row.id, version: at.version + 1, bytes: received }, at.version),
  );
  return received;
}

/**
 * Goes on with the chunks that other files hold already, where the sender's list says that they are next. Gives how many bytes are there then;
 * one call copies no more than some seconds allow, and the next piece goes on.
 */
export async function takeHeld(row: FileRow, context: FilesContext): Promise<number> {
  const list = await listOf(context.store, row.id);
  const first = await receivedOf(context.store, row);
  let received = first;
  for (const next of chunksBehind(list, first)) {
    const content = received - first < HELD_AT_ONCE ? await heldChunk(context.store, next) : undefined;
    if (content === undefined) break;
    received = await takePiece(row, { from: received, bytes: content }, context);
  }
  return received;
}

/** Whether all that came is what it must be: "ready", or "failed" with the reason. Throws Problem when something is missing. */
export async function finish(row: FileRow, wanted: string, { store, clock }: FilesContext): Promise<FileRow> {
  const received = await receivedOf(store, row);
  if (received < row.bytes)
    throw new Problem("conflict", `${received} of ${row.bytes} bytes are there: send the others first`);
  const { sha256, bytes, chunks } = await wholeOf(store, row.id);
  const others = [row.sha256, wanted].filter((each) => each !== "" && each !== sha256);
  const expiresAt = clock.now() + row.keepFor;
  if (others.length === 0 && bytes === row.bytes) {
    await store.commit(chunkList(row.id, encodeChunks(chunks)));
    await keepPlaces(store, row.id, chunks);
    await store.commit(moved(file, row, "finish", { sha256, expiresAt }), removed(progress, row.id));
  } else {
    const reason = `what came has the SHA-256 ${sha256}, and must have ${others[0] ?? "all its bytes"}`;
    await store.commit(moved(file, row, "fail", { reason }), removed(progress, row.id));
    await forgetBytes(row, store);
  }
  return (await store.get(file, row.id)) ?? row;
}

/** Bytes of a file that are there. */
export async function receivedOf(store: Store, { id, state, bytes }: FileRow): Promise<number> {
  if (state === "uploading") return (await store.get(progress, id))?.bytes ?? 0;
  return state === "ready" ? bytes : 0;
}

/** Removes a file: its content first, so that what is cut short is found again. */
export async function forgetFile(row: FileRow, { store }: FilesContext): Promise<void> {
  await forgetBytes(row, store);
  await repeatOnConflict(async () => {
    const now = await store.get(file, row.id);
    if (now === undefined) return;
    const room = await reserving(store, -now.bytes);
    await store.commit(destroyed(file, now), removed(progress, now.id), room.change);
  });
  // A piece that was on its way meanwhile.
  await forgetBytes(row, store);
}

async function forgetBytes({ id, bytes }: FileRow, store: Store): Promise<void> {
  await forgetChunks(store, id, bytes);
  await forgetContent(store, id);
}

async function reserving(store: Store, more: number): Promise<{ readonly bytes: number; readonly change: Change }> {
  const before = await store.get(reserved, RESERVED);
  const bytes = (before?.bytes ?? 0) + more;
  const row = { id: RESERVED, version: (before?.version ?? 0) + 1, bytes };
  return { bytes, change: replaced(reserved, row, before?.version ?? 0) };
}
