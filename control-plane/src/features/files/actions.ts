import { SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { contentOf } from "./content.ts";
import type { FilesContext } from "./context.ts";
import * as contract from "./contract.ts";
import { RESERVED, reserved } from "./tables.ts";
import { beginFile, finish, forgetFile, receivedOf, takePiece } from "./upload.ts";

const { file, PIECE_BYTES } = contract;

const shown = async (row: contract.FileRow, { store }: FilesContext) => ({
  ...row,
  received: await receivedOf(store, row),
});

export const fileActions = [
  handle(
    contract.createFile,
    async (
      { name, bytes, sha256 = "", device: ref, keep, passing = false },
      context: FilesContext,
      { actor, ...caller },
      made,
    ) => {
      const { store, scopes, newId, files } = context;
      if (ref === undefined && !scopes.reachOf(caller, contract.createFile.permission).isEverywhere)
        throw new Problem("forbidden", "you may do this for some devices only: name the device that the file is for", {
          errors: [{ pointer: "/device", detail: "is required of whoever may do this for some devices only" }],
        });
      const target = ref === undefined ? {} : { device: (await resolve(store, device, ref)).id };
      const id = newId();
      const keepFor = keep === undefined ? files.keep : keep * SECOND;
      const draft = { name, bytes, sha256, author: actor, keepFor, ...target, ...(passing && { isPassing: passing }) };
      await beginFile(id, draft, context, { made });
      return shown(await resolve(store, file, id), context);
    },
    async (id, context) => shown(await resolve(context.store, file, id), context),
  ),
  handle(contract.writeFile, async ({ file: ref, from, content }, context: FilesContext) => {
    const row = await resolve(context.store, file, ref);
    return { received: await takePiece(row, { from, bytes: Buffer.from(content, "base64") }, context) };
  }),
  handle(contract.finishFile, async ({ file: ref, sha256 = "" }, context: FilesContext) => {
    const row = await resolve(context.store, file, ref);
    if (row.state === "ready" && (sha256 === "" || sha256 === row.sha256)) return shown(row, context);
    if (row.state !== "uploading") throw new Problem("conflict", `the file "${row.name}" is ${row.state} already`);
    return shown(await finish(row, sha256, context), context);
  }),
  handle(contract.readFile, async ({ file: ref, from = 0, limit = PIECE_BYTES }, { store }: FilesContext) => {
    const row = await resolve(store, file, ref);
    const bytes = await piece(store, row, { from, limit });
    return { content: bytes.toString("base64"), next: from + bytes.length, bytes: row.bytes, sha256: row.sha256 };
  }),
  handle(contract.findFile, async ({ file: ref }, context: FilesContext) =>
    shown(await resolve(context.store, file, ref), context),
  ),
  handle(
    contract.listFiles,
    async ({ device: ref, state: states, limit = 50, cursor }, context: FilesContext, caller) => {
      const { store, scopes } = context;
      const where = ref === undefined ? {} : { index: "device", prefix: [(await resolve(store, device, ref)).id] };
      const reach = scopes.reachOf(caller, contract.listFiles.permission);
      const page = await pageWithin(store, file, reach, { ...where, limit, cursor, states, reverse: true });
      return { ...page, items: await Promise.all(page.items.map((row) => shown(row, context))) };
    },
  ),
  handle(contract.fileRoom, async (_, { store, files: { room } }: FilesContext) => {
    const used = (await store.get(reserved, RESERVED))?.bytes ?? 0;
    return { totalBytes: room, freeBytes: Math.max(0, room - used) };
  }),
  handle(contract.destroyFile, async ({ file: ref }, context: FilesContext) => {
    const row = await resolve(context.store, file, ref);
    await forgetFile(row, context);
    return { id: row.id };
  }),
];

/** Bytes of a file that is whole. Throws Problem when it is not, and when it goes while it is read. */
export async function piece(
  store: FilesContext["store"],
  row: contract.FileRow,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<Buffer> {
  if (row.state !== "ready")
    throw new Problem("conflict", `the file "${row.name}" is ${row.state}, and cannot be read`);
  const wanted = Math.max(0, Math.min(limit, row.bytes - from));
  const bytes = await contentOf(store, row.id, { from, limit: wanted });
  if (bytes.length < wanted) throw new Problem("gone", `the file "${row.name}" was removed meanwhile`);
  return bytes;
}
