import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { PIECE_BYTES } from "../src/features/files/contract.ts";
import type { Output } from "../src/faces/client.ts";
import type { Entry } from "./entry.ts";
import { exitCodes, UsageError } from "./failure.ts";
import { progressOf } from "./file-progress.ts";
import type { Session } from "./session.ts";

type Shown = Output<"cpl/dm/file/find">;

/** `edgemere file put LOCAL`: uploads a file, and goes on where an earlier try was cut off. */
export const putFile: Entry = {
  words: ["file", "put"],
  isEveryday: true,
  summary: "Upload a file that devices are to get; what is there of it already is not sent again",
  declare: (command) =>
    void command
      .argument("<local>", "the file on this machine")
      .option("--name <text>", "what it is called there (default: its own name)")
      .option("--device <name>", "the device that it is for; who may do this for some devices only has to name one")
      .option("--keep <seconds>", "for how long it is kept once it is whole", Number)
      .addHelpText(
        "after",
        '\nExample:\n  edgemere file put firmware.img\n  edgemere job create --device gw-1 --kind file.put --arguments \'{"file":"firmware.img","path":"/srv/firmware.img"}\'',
      ),
  run: async ({ options, positionals }, session) => {
    const [local] = positionals;
    if (local === undefined) throw new UsageError("say which file: edgemere file put LOCAL");
    const whole = await upload(local, options, session);
    session.output.show("cpl/dm/file/find", whole);
    if (whole.state === "ready") return exitCodes.done;
    session.say(`the upload failed: ${whole.reason}`);
    return exitCodes.failed;
  },
};

/** Uploads what of a file is not there yet, and gives how it is then. */
export async function upload(
  local: string,
  {
    name = basename(local),
    device,
    keep,
  }: { readonly name?: string; readonly device?: string; readonly keep?: number },
  session: Session,
): Promise<Shown> {
  const handle = await open(local).catch((cause: unknown) => {
    throw new UsageError(`${local} cannot be read: ${cause instanceof Error ? cause.message : "unknown"}`);
  });
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw new UsageError(`${local} is a folder, and no file`);
    const { size: bytes } = found;
    const sha256 = await hashOf(handle);
    const more = { ...(device !== undefined && { device }), ...(keep !== undefined && { keep }) };
    const begun = await begunBefore({ name, bytes, sha256, ...more }, session);
    const file = begun ?? (await session.client.call("cpl/dm/file/create", { name, bytes, sha256, ...more }));
    return file.state === "ready" ? file : await send(handle, file, session);
  } finally {
    await handle.close();
  }
}

/** The same file of an earlier try. */
async function begunBefore(
  { name, bytes, sha256, device }: { name: string; bytes: number; sha256: string; device?: string },
  { client, say }: Session,
): Promise<Shown | undefined> {
  const { items } = await client.call("cpl/dm/file/list", { limit: 500, ...(device !== undefined && { device }) });
  const same = items.find(
    (each) =>
      each.name === name &&
      each.bytes === bytes &&
      each.sha256 === sha256 &&
      each.state !== "failed" &&
      (each.device === undefined) === (device === undefined),
  );
  if (same?.state === "ready") say("it is there already");
  else if (same !== undefined) say(`it goes on after ${same.received} bytes`);
  return same;
}

async function send(handle: FileHandle, file: Shown, { client, terminal }: Session): Promise<Shown> {
  const progress = progressOf(terminal, "sent", file.bytes);
  let { received } = file;
  while (received < file.bytes) {
    const buffer = Buffer.alloc(Math.min(PIECE_BYTES, file.bytes - received));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, received);
    if (bytesRead < buffer.length) throw new UsageError("the file became shorter while it was sent");
    const content = buffer.toString("base64");
    ({ received } = await client.call("cpl/dm/file/write", { file: file.id, from: received, content }));
    progress(received);
  }
  return client.call("cpl/dm/file/finish", { file: file.id, sha256: file.sha256 });
}

async function hashOf(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
