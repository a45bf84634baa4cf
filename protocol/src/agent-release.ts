import { instant, safe, text } from "./check-values.ts";
import { limits } from "./limits.ts";
import type { AgentRelease } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { isVersion } from "./version-order.ts";

/** At most so many bytes come out of one: what has more in it is made to fill a disk. */
const MOST_RATIO = 100;

/** What makes the description of a release one that can be acted on. Throws ProtocolError. */
export function checkRelease(release: AgentRelease): void {
  const { version, leastNode, sha256 } = release;
  text("release.version", version, limits.nameLength);
  text("release.least_node", leastNode, limits.nameLength);
  if (!isVersion(version)) throw new ProtocolError("out-of-range", "release.version is no version such as 1.2.3");
  if (leastNode !== "" && !isVersion(leastNode))
    throw new ProtocolError("out-of-range", "release.least_node is no version such as 20.19.0");
  if (sha256.length !== 32) throw new ProtocolError("out-of-range", "release.sha256 must have 32 bytes");
  const packed = safe("release.bytes", release.bytes);
  const unpacked = safe("release.unpacked_bytes", release.unpackedBytes);
  const isSound = packed > 0 && packed <= limits.releaseBytes && unpacked <= limits.releaseUnpackedBytes;
  if (!isSound || unpacked > packed * MOST_RATIO)
    throw new ProtocolError("out-of-range", `release: ${packed} bytes that unpack to ${unpacked} are no release`);
  instant("release.issued_at_ms", release.issuedAtMs);
  instant("release.expires_at_ms", release.expiresAtMs);
}
