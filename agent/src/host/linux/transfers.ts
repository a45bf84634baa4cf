import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { FileTransfers, OutgoingFile } from "../file-transfers.ts";
import { HostError } from "../host-error.ts";
import { handlePath, mountOf, readFully, refuse } from "./files.ts";
import { listFolder } from "./folder-list.ts";
import { forgetPart, receiveFile } from "./incoming-file.ts";
import { removeFile } from "./removed-file.ts";
import { rooted } from "./rooted.ts";

// Never waits for the other end of a pipe that somebody put there.
const FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Files that come to this machine and go from it; `own` are the agent's own folders, which stay closed. */
export const linuxTransfers = (own: readonly string[]): FileTransfers => ({
  receive: async (request) => receiveFile(await rooted(request, own), request),
  forget: async ({ mark, ...place }) => forgetPart(await rooted(place, own), mark),
  remove: async ({ sha256, ...place }) => removeFile(await rooted(place, own), sha256),
  list: (request) => listFolder(request, own),
  open: async (place) => {
    const { folder, name } = await rooted(place, own);
    try {
      const file = await open(`${handlePath(folder)}/${name}`, FILE).catch(refuse(place.path));
      try {
        if (mountOf(file) !== mountOf(folder))
          throw new HostError("not-allowed", `${place.path} is mounted from elsewhere`);
        if (!(await file.stat()).isFile()) throw new HostError("not-found", `${place.path} is no regular file`);
        return await outgoing(file, place.path);
      } catch (error) {
        await file.close();
        throw error;
      }
    } finally {
      await folder.close();
    }
  },
});

async function outgoing(file: FileHandle, path: string): Promise<OutgoingFile> {
  const revisionNow = async () => {
    const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join("-");
  };
  const { size: bytes } = await file.stat();
  const revision = await revisionNow();
  return {
    bytes,
    revision,
    isUnchanged: async () => (await revisionNow()) === revision,
    read: (from, limit) => readFully(file, { from, limit: Math.min(limit, bytes - from), name: path }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
