import type { Disk } from "@edgemere/protocol/kit";
import type { ShownFile } from "../host/host-mounts.ts";

const FILE = "mounts";

/** What this device shows, by its name. Of another device, or what cannot be read, is as if it were nothing: it is asked for again. */
export async function readBook(disk: Disk, device: string): Promise<Map<string, ShownFile>> {
  try {
    const text = new TextDecoder().decode(await disk.read(FILE));
    const book = JSON.parse(text) as { readonly device: string; readonly files: readonly [string, ShownFile][] };
    return new Map(book.device === device ? book.files : []);
  } catch {
    return new Map();
  }
}

/** In one step: a power cut leaves the book from before or this one. */
export const writeBook = (disk: Disk, device: string, files: ReadonlyMap<string, ShownFile>): Promise<void> =>
  disk.write(FILE, Buffer.from(JSON.stringify({ device, files: [...files] })));
