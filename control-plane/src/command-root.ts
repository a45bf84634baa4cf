import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { decode, keyIdOf, payloadTypes, signed, v1 } from "@edgemere/protocol";
import { nodeDisk } from "@edgemere/protocol/kit";
import type { CommandRootConfig, SignKeyringConfig } from "./config-commands.ts";
import { commandRootFiles } from "./link/authority-keyring.ts";

/** Nothing could be moved or signed. The message says what to do. */
export class NoCommandRoot extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NoCommandRoot";
  }
}

/** Moves the root of command trust out of a data folder; each key is at its new place before it leaves the old one. Gives what to tell. */
export async function moveCommandRoot({ folder, dataFolder }: CommandRootConfig): Promise<readonly string[]> {
  const [from, to] = [nodeDisk(dataFolder), nodeDisk(folder)];
  const files = await commandRootFiles(from);
  if (files.length === 0)
    throw new NoCommandRoot(`there is no root of command trust in ${dataFolder}: it was moved before, or never made`);
  for (const file of files) {
    const name = file.split("/").at(-1) ?? file;
    if ((await to.read(name)) !== undefined) throw new NoCommandRoot(`${folder} holds ${name} already: name another`);
    await to.write(name, (await from.read(file)) ?? new Uint8Array());
  }
  for (const file of files) await from.remove(file);
  return [
    `Moved ${files.length} keys to ${folder} (0600). Take it away from this machine, and keep a second copy.`,
    "Backups that were made before hold it still: destroy them, or keep them as you keep the key.",
    'From now on "edgemere cpl dm key rotate" answers with a draft: sign it with "edgemere-control-plane sign-keyring" where the key is.',
  ];
}

/** Adds the signature of a key to a draft, base64 both. Throws NoCommandRoot. */
export async function signKeyring({ draft: draftFile, key: keyFile }: SignKeyringConfig): Promise<string> {
  try {
    const envelope = decode(v1.SignedEnvelope, Buffer.from(await readFile(draftFile, "utf8"), "base64"));
    if (envelope.payloadType !== payloadTypes.keyring) throw new Error("it is no draft of a keyring");
    decode(v1.Keyring, envelope.payload);
    const privateKey = createPrivateKey(await readFile(keyFile));
    const { signatures } = signed("keyring", envelope.payload, { keyId: keyIdOf(privateKey), privateKey });
    const { payload, payloadType, signatures: before } = envelope;
    const more = { payload, payloadType, signatures: [...before, ...(signatures ?? [])] };
    return Buffer.from(v1.SignedEnvelope.encode(more).finish()).toString("base64");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NoCommandRoot(`${draftFile} cannot be signed with ${keyFile}: ${why}`, { cause });
  }
}
