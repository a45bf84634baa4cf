import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { FileTransfers, OutgoingFile } from "../file-transfers.ts";
import { HostError } from "../host-error.ts";
import { handlePath, mountOf, refuse } from "./files.ts";
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
    read: async (from, limit) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(limit, bytes - from)));
      let read = 0;
      while (read < buffer.length) {
        const { bytesRead } = await file.read(buffer, read, buffer.length - read, from + read).catch(refuse(path));
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return buffer.subarray(0, read);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}
