import { createHash } from "node:crypto";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Output } from "../src/faces/client.ts";
import type { Entry } from "./entry.ts";
import { exitCodes, UsageError } from "./failure.ts";
import { progressOf } from "./file-progress.ts";
import type { Session } from "./session.ts";

type Shown = Output<"cpl/dm/file/find">;

/** `edgemere file get FILE`: downloads a file, and goes on where an earlier try was cut off. */
export const getFile: Entry = {
  words: ["file", "get"],
  isEveryday: true,
  summary: "Download a file, such as one that a device has sent; it is there when all of it is there and true",
  declare: (command) =>
    void command
      .argument("<file>", "id or name of the file")
      .argument("[local]", "where it is to stand (default: its name, here)")
      .option("--force", "replace what stands there"),
  run: async ({ options, positionals }, session) => {
    const file = await session.client.call("cpl/dm/file/find", { file: positionals[0] ?? "" });
    if (file.state !== "ready") throw new UsageError(`the file "${file.name}" is ${file.state}, and cannot be read`);
    // Its name may be a device's word: nothing of it names a folder.
    const local = positionals[1] ?? safe(file.name);
    if (options["force"] !== true && (await isThere(local)))
      throw new UsageError(`${local} is there already; name another file, or add --force`);
    const part = join(dirname(local), `.edgemere-${file.sha256.slice(0, 16)}.part`);
    const handle = await open(part, "a+", 0o600);
    let isTrue = false;
    try {
      isTrue = (await received(handle, file, session)) === file.sha256;
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!isTrue) {
      await rm(part);
      session.say("what came is not the content that it must be, and was removed; try again");
      return exitCodes.failed;
    }
    await rename(part, local);
    session.output.show("cpl/dm/file/find", file);
    return exitCodes.done;
  },
};

function safe(name: string): string {
  if (/^[^/\p{C}]+$/u.test(name) && name !== "." && name !== "..") return name;
  throw new UsageError(
    "its name cannot be that of a file here; say where it is to stand: edgemere file get FILE LOCAL",
  );
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Fetches what is missing; gives the SHA-256 of all, hex. */
async function received(handle: FileHandle, { id, bytes }: Shown, { client, terminal }: Session): Promise<string> {
  const progress = progressOf(terminal, "received", bytes);
  const hash = createHash("sha256");
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk as Uint8Array);
  let { size: from } = await handle.stat();
  while (from < bytes) {
    const { content, next } = await client.call("cpl/dm/file/read", { file: id, from });
    const piece = Buffer.from(content, "base64");
    await handle.appendFile(piece);
    hash.update(piece);
    from = next;
    progress(from);
  }
  return hash.digest("hex");
}
