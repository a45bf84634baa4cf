import { seal, v1 } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import type { FilesContext } from "./context.ts";
import type { Fetching } from "./neighbours.ts";

/** Long enough for a device to ask again in good time, and short for one that is not to have it any more. */
const PERMITTED_FOR = 15 * MINUTE;

/** Lets a device fetch the content of its command from its neighbours, base64. */
export function permitOf(
  { device: holder, arguments: given }: Fetching,
  { signer, authority, clock }: Pick<FilesContext, "signer" | "authority" | "clock">,
): string {
  const permit = {
    trustDomain: authority.trustDomain,
    device: holder,
    sha256: Buffer.from(String(given["sha256"]), "hex"),
    expiresAtMs: clock.now() + PERMITTED_FOR,
  };
  const envelope = seal("neighbourPermit", permit, ...signer.keysFor("commands"));
  return Buffer.from(v1.SignedEnvelope.encode(envelope).finish()).toString("base64");
}
