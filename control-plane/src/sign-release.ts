import { createHash, createPrivateKey } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { checkRelease, keyIdOf, seal, v1 } from "@edgemere/protocol";
import type { Clock } from "@edgemere/protocol/kit";
import type { SignReleaseConfig } from "./config-commands.ts";

/** The archive could not be read or signed. The message says why. */
class NoRelease extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NoRelease";
  }
}

/** Describes an archive and signs that, where the key of the role "releases" is; base64, as `agent.upgrade` takes it. Throws NoRelease. */
export async function signRelease(
  { archive, key, version, leastNode, lifetime, mayGoBack }: SignReleaseConfig,
  clock: Pick<Clock, "now">,
): Promise<string> {
  try {
    const privateKey = createPrivateKey(await readFile(key));
    const issuedAtMs = Math.floor(clock.now());
    const expiresAtMs = lifetime === undefined ? 0 : issuedAtMs + lifetime;
    const facts = await factsOf(archive);
    const release = v1.AgentRelease.create({ version, ...facts, leastNode, issuedAtMs, expiresAtMs, mayGoBack });
    checkRelease(release);
    const envelope = seal("release", release, { keyId: keyIdOf(privateKey), privateKey });
    return Buffer.from(v1.SignedEnvelope.encode(envelope).finish()).toString("base64");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NoRelease(`${archive} cannot be signed with ${key}: ${why}`, { cause });
  }
}

async function factsOf(archive: string) {
  const hash = createHash("sha256");
  let [bytes, unpackedBytes] = [0, 0];
  const packed = createReadStream(archive);
  packed.on("data", (piece) => {
    hash.update(piece);
    bytes += piece.length;
  });
  const unpacked = createGunzip();
  packed.once("error", (error) => unpacked.destroy(error));
  for await (const piece of packed.pipe(unpacked)) unpackedBytes += (piece as Buffer).length;
  return { sha256: hash.digest(), bytes, unpackedBytes };
}
