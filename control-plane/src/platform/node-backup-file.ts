import { createCipheriv, createDecipheriv, scrypt, type DecipherGCM } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, createGzip } from "node:zlib";
import { syncFolder, type Random } from "@edgemere/protocol/kit";
import { backupItems, BREAKS_OFF, DamagedBackup, NEWER, type BackupHead, type BackupItem } from "./backup-format.ts";

/** Ends the name of a backup that is being made. */
export const UNFINISHED = ".unfinished";

// The first line says what follows: packed bytes, plain or sealed under a passphrase.
const MAGIC = "edgemere-backup 1";
const CIPHER = "aes-256-gcm";
const TAG = 16;
const LONGEST_LINE = 256;
const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);
const keyFrom = (passphrase: string, salt: Buffer) =>
  derive(passphrase, salt, 32, { N: 2 ** 15, maxmem: 64 * 1024 ** 2 });

interface Writing {
  readonly passphrase: string | undefined;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Writes a backup in one step: the name is there when all of it is on the disk, and only then. Mode 0600. */
export async function writeBackup(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  { passphrase, random, signal }: Writing,
): Promise<number> {
  const unfinished = path + UNFINISHED;
  try {
    const file = await open(unfinished, "w", 0o600);
    try {
      const salt = Buffer.from(random.bytes(16));
      const iv = Buffer.from(random.bytes(12));
      const sealing =
        passphrase === undefined ? undefined : createCipheriv(CIPHER, await keyFrom(passphrase, salt), iv);
      const line = sealing ? `${MAGIC} ${CIPHER} ${salt.toString("hex")} ${iv.toString("hex")}\n` : `${MAGIC} plain\n`;
      await file.appendFile(line);
      const packing = createGzip({ level: 1 });
      const write = async (packed: AsyncIterable<Uint8Array>) => {
        for await (const piece of packed) await file.appendFile(piece);
      };
      await (sealing
        ? pipeline(bytes, packing, sealing, write, { signal })
        : pipeline(bytes, packing, write, { signal }));
      if (sealing) await file.appendFile(sealing.getAuthTag());
      await file.sync();
    } finally {
      await file.close();
    }
    const { size } = await stat(unfinished);
    await rename(unfinished, path);
    await syncFolder(dirname(path));
    return size;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** What a backup holds, in order. Throws DamagedBackup. Nothing may be believed before the end has come. */
export async function* readBackup(path: string, passphrase: string | undefined): AsyncGenerator<BackupItem> {
  const stop = new AbortController();
  let isSealed = false;
  try {
    const { size } = await stat(path);
    const { line, words } = await firstLine(path);
    const [kind, salt = "", iv = ""] = words;
    isSealed = kind === CIPHER;
    if (!isSealed && kind !== "plain") throw new DamagedBackup(`nothing is known of "${kind ?? ""}"`, NEWER);
    const end = isSealed ? size - TAG : size;
    if (end <= line.length) throw new DamagedBackup(BREAKS_OFF);
    const stages = isSealed ? [await opening(passphrase, { salt, iv, tag: await bytesAt(path, end, TAG) })] : [];
    const source = createReadStream(path, { start: line.length, end: end - 1 });
    const gunzip = createGunzip();
    const flow = pipeline([source, ...stages, gunzip], { signal: stop.signal });
    // It is told to whoever reads from the last stage.
    flow.catch(() => undefined);
    yield* backupItems(gunzip);
    await flow;
  } catch (error) {
    if (error instanceof DamagedBackup) throw error;
    throw new DamagedBackup(isSealed ? "its passphrase is another, or it is damaged" : whyUnreadable(error));
  } finally {
    stop.abort();
  }
}

async function opening(
  passphrase: string | undefined,
  { salt, iv, tag }: { readonly salt: string; readonly iv: string; readonly tag: Buffer },
): Promise<DecipherGCM> {
  if (passphrase === undefined)
    throw new DamagedBackup("it is sealed", "give its passphrase with --backup-passphrase FILE");
  const key = await keyFrom(passphrase, Buffer.from(salt, "hex"));
  return createDecipheriv(CIPHER, key, Buffer.from(iv, "hex")).setAuthTag(tag);
}

function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && error.code === "Z_BUF_ERROR" ? BREAKS_OFF : error.message;
}

/** Reads no further than the head: not yet a proof that the rest is whole. */
export async function headOf(path: string, passphrase: string | undefined): Promise<BackupHead> {
  for await (const item of readBackup(path, passphrase)) if (item.kind === "head") return item.head;
  throw new DamagedBackup("its head is missing");
}

async function firstLine(path: string): Promise<{ readonly line: string; readonly words: readonly string[] }> {
  const start = (await bytesAt(path, 0, LONGEST_LINE)).toString("latin1");
  const line = start.slice(0, start.indexOf("\n") + 1);
  if (!line.startsWith(`${MAGIC} `)) throw new DamagedBackup("it does not begin like one");
  return { line, words: line.slice(MAGIC.length).trim().split(" ") };
}

async function bytesAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, Math.max(0, position));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
