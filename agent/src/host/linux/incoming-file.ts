import { createHash, type Hash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { lstat, open, rename, unlink, type FileHandle } from "node:fs/promises";
import type { IncomingFile, IncomingRequest } from "../file-transfers.ts";
import { HostError } from "../host-error.ts";
import { capacity, handlePath, readFully, refuse } from "./files.ts";
import type { Rooted } from "./rooted.ts";
import { userToRunAs } from "./users.ts";

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
const CHUNK = 256 * 1024;
const USUAL_MODE = 0o644;
/** A file that came is no door to another user: setuid, setgid and sticky are never given. */
const PERMISSIONS = 0o777;
/** What stays free for the host: so much, or a twentieth of a small file system. */
const LEFT_FREE = 64 * 1024 ** 2;

/** What a file that is not whole is called, beside the place that it is for: a name in one step is possible on one file system only. */
export const partName = (mark: string): string => `.edgemere-${mark}.part`;

/** Whose a file is to be, and who may do what with it. */
interface Belonging {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Begins to receive a file, or goes on; "there" when its content stands there already. Takes the folder over. */
export async function receiveFile(at: Rooted, request: IncomingRequest): Promise<IncomingFile | "there"> {
  const { folder, name } = at;
  try {
    const before = await standing(at);
    const belonging = await belongingOf(request, before);
    if (before !== undefined && (await isThere(at, before, request, belonging))) {
      await folder.close();
      return "there";
    }
    const part = await openPart(folder, request.mark);
    try {
      const received = (await part.stat()).size;
      const begun = received <= request.bytes ? received : 0;
      if (begun < received) await part.truncate(0);
      await refuseFull(folder, request.bytes - begun);
      return new LinuxIncomingFile({ folder, name, part, mark: request.mark, belonging }, await hashOf(part), begun);
    } catch (error) {
      await part.close();
      throw error;
    }
  } catch (error) {
    await folder.close();
    return refuse(request.path)(error);
  }
}

/** Removes what came of a file. Takes the folder over. */
export async function forgetPart({ folder }: Rooted, mark: string): Promise<void> {
  try {
    await unlink(`${handlePath(folder)}/${partName(mark)}`).catch(unlessMissing);
  } finally {
    await folder.close();
  }
}

interface Parts extends Rooted {
  readonly part: FileHandle;
  readonly mark: string;
  readonly belonging: Belonging;
}

class LinuxIncomingFile implements IncomingFile {
  readonly #parts: Parts;
  #hash: Hash;
  #received: number;

  constructor(parts: Parts, hash: Hash, received: number) {
    this.#parts = parts;
    this.#hash = hash;
    this.#received = received;
  }

  get received(): number {
    return this.#received;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { part, name } = this.#parts;
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await part
        .write(bytes, done, bytes.length - done, this.#received + done)
        .catch(refuse(name));
      done += bytesWritten;
    }
    this.#hash.update(bytes);
    this.#received += bytes.length;
  }

  async read(from: number, limit: number): Promise<Uint8Array> {
    const { part, name } = this.#parts;
    return readFully(part, { from, limit: Math.min(limit, this.#received - from), name });
  }

  async cut(bytes: number): Promise<void> {
    const { part, name } = this.#parts;
    await part.truncate(bytes).catch(refuse(name));
    this.#hash = await hashOf(part);
    this.#received = bytes;
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  async place(): Promise<void> {
    const { folder, name, part, mark, belonging } = this.#parts;
    await give(part, belonging).catch(refuse(name));
    await part.sync().catch(refuse(name));
    const within = handlePath(folder);
    await rename(`${within}/${partName(mark)}`, `${within}/${name}`).catch(refuse(name));
    // Until the folder is on the disk a power cut may bring the name from before.
    await folder.sync().catch(refuse(name));
  }

  async discard(): Promise<void> {
    const { folder, mark } = this.#parts;
    await unlink(`${handlePath(folder)}/${partName(mark)}`).catch(unlessMissing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.part.close();
    await this.#parts.folder.close();
  }
}

/** What stands where the file is to stand. A link is not replaced: whoever put it there meant another file. */
async function standing({ folder, name }: Rooted): Promise<BigIntStats | undefined> {
  const found = await lstat(`${handlePath(folder)}/${name}`, { bigint: true }).catch(unlessMissing);
  if (found === undefined || found.isFile()) return found;
  throw new HostError("not-allowed", `${name} is there, and is a link, a folder or a device: only a file is replaced`);
}

async function belongingOf({ mode, owner }: IncomingRequest, before: BigIntStats | undefined): Promise<Belonging> {
  const named = owner === undefined ? undefined : await userToRunAs(owner);
  const isRoot = process.geteuid?.() === 0;
  const kept = isRoot && before !== undefined ? before : undefined;
  return {
    mode: (mode ?? (before === undefined ? USUAL_MODE : Number(before.mode))) & PERMISSIONS,
    uid: named?.uid ?? (kept ? Number(kept.uid) : (process.geteuid?.() ?? 0)),
    gid: named?.gid ?? (kept ? Number(kept.gid) : (process.getegid?.() ?? 0)),
  };
}

async function isThere(
  { folder, name }: Rooted,
  before: BigIntStats,
  { bytes, sha256 }: IncomingRequest,
  belonging: Belonging,
): Promise<boolean> {
  if (Number(before.size) !== bytes) return false;
  const file = await open(`${handlePath(folder)}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { ino, dev } = await file.stat({ bigint: true });
    if (ino !== before.ino || dev !== before.dev || (await hashOf(file)).digest("hex") !== sha256) return false;
    await give(file, belonging);
    return true;
  } finally {
    await file.close();
  }
}

/** Only what is not so yet is changed: who may read a file need not be its owner. */
async function give(file: FileHandle, { mode, uid, gid }: Belonging): Promise<void> {
  const now = await file.stat();
  if (now.uid !== uid || now.gid !== gid) await file.chown(uid, gid);
  if ((now.mode & 0o7777) !== mode) await file.chmod(mode);
}

/**
 * The file that an earlier run began, or a new one. One that is not ours alone is none of ours: another user of the folder may have put it there,
 * to change it after it was hashed, or as a second name of a file that we may write.
 */
async function openPart(folder: FileHandle, mark: string): Promise<FileHandle> {
  const path = `${handlePath(folder)}/${partName(mark)}`;
  const found = await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK).catch(unlessStrange);
  if (found !== undefined) {
    const status = await found.stat();
    const isOurs =
      status.isFile() && status.nlink === 1 && status.uid === process.geteuid?.() && (status.mode & 0o077) === 0;
    if (isOurs) return found;
    await found.close();
  }
  await unlink(path).catch(unlessMissing);
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

async function hashOf(file: FileHandle): Promise<Hash> {
  const hash = createHash("sha256");
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK }))
    hash.update(chunk as Uint8Array);
  return hash;
}

async function refuseFull(folder: FileHandle, bytes: number): Promise<void> {
  const { freeBytes, totalBytes } = await capacity(handlePath(folder));
  const kept = Math.min(LEFT_FREE, totalBytes / 20);
  if (freeBytes - kept >= bytes) return;
  throw new HostError(
    "no-room",
    `${bytes} bytes are to come, and of ${freeBytes} free ones ${Math.round(kept)} are left to the host`,
  );
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

function unlessStrange(error: unknown): undefined {
  if (!["ENOENT", "ELOOP", "EACCES", "EISDIR", "ENXIO", "ETXTBSY"].includes(String(codeOf(error)))) throw error;
}
