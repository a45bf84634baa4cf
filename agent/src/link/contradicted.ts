import { isStreamName, type v1 } from "@edgemere/protocol";
import type { Spool } from "./spool/spool.ts";

/** The streams of which the spool keeps other records than are stored under their numbers, as far as anybody remembers. */
export async function contradictedBy(
  acknowledgements: readonly v1.StreamAcknowledgement.$Shape[],
  spool: Pick<Spool, "contradicts">,
): Promise<readonly string[]> {
  const contradicted: string[] = [];
  for (const { stream = "", upTo = 0, checksums = new Uint8Array() } of acknowledgements)
    if (isStreamName(stream) && checksums.length > 0 && (await spool.contradicts(stream, { upTo, checksums })))
      contradicted.push(stream);
  return contradicted;
}
