import { pack, privateKeyFromSeed, seal, v1, type Packet } from "@edgemere/protocol";
import { DAY, type Random } from "@edgemere/protocol/kit";
import { FORGED } from "./event-ledger.ts";

const stranger = { keyId: "simulated", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(9)) };

/** A command of somebody who has the broker and no key that the device knows, though he knows its name. */
export function forgedCommand(device: string, trustDomain: string, now: number, random: Random): Packet {
  const number = 1 + Math.floor(random.next() * 1e9);
  const envelope = seal(
    "command",
    {
      trustDomain,
      device,
      command: `${FORGED}-${number}`,
      sequence: number,
      issuedAtMs: now,
      expiresAtMs: now + DAY,
      runTimeoutMs: 10_000,
      actor: "user:mallory",
      exec: { argv: ["work", `${FORGED}-${number}`, "0", "10"] },
    },
    stranger,
  );
  if (random.next() < 0.3)
    return pack("command", { device }, v1.SignedEnvelope.create({ ...envelope, signatures: [] }));
  return pack("command", { device }, envelope);
}
