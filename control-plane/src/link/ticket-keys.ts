import type { Clock, Disk, Random } from "@edgemere/protocol/kit";
import { TICKET_LIFE } from "../platform/tls-policy.ts";

/** What seals the tickets with which a device resumes a TLS session. */
const TICKET_KEY_BYTES = 48;
const STAMP_BYTES = 8;

interface Parts {
  readonly disk: Disk;
  readonly clock: Pick<Clock, "now">;
  readonly random: Pick<Random, "bytes">;
}

/**
 * The keys of this week: kept in a file, so that a fleet that comes back after a restart need not repeat every handshake,
 * and made anew when they are old: who holds an old key can open no newer ticket. Tickets under the former ones are not taken; their holders shake hands in full.
 */
export async function currentTicketKeys(path: string, { disk, clock, random }: Parts): Promise<Buffer> {
  const found = await disk.read(path);
  if (found?.length === TICKET_KEY_BYTES + STAMP_BYTES) {
    const file = Buffer.from(found);
    const age = clock.now() - Number(file.readBigUInt64BE(TICKET_KEY_BYTES));
    // A clock that went back makes keys from the future: those are of no known age either.
    if (age >= 0 && age < TICKET_LIFE) return file.subarray(0, TICKET_KEY_BYTES);
  }
  const stamp = Buffer.alloc(STAMP_BYTES);
  stamp.writeBigUInt64BE(BigInt(Math.floor(clock.now())));
  const keys = Buffer.from(random.bytes(TICKET_KEY_BYTES));
  await disk.write(path, Buffer.concat([keys, stamp]));
  return keys;
}
