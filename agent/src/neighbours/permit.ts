import { chunkBytes, decode, open, ProtocolError, v1, type Trust } from "@edgemere/protocol";

/** What a neighbour asks for. */
export interface Ask {
  /** Base64, a SignedEnvelope. */
  readonly permit: string;
  readonly from: number;
  readonly limit: number;
}

/** Why a neighbour is given nothing. */
export type NeighbourRefusal = "stranger" | "malformed" | "not-permitted" | "expired" | "not-here" | "not-yet" | "busy";

export class NeighbourRefused extends Error {
  readonly reason: NeighbourRefusal;
  constructor(reason: NeighbourRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "NeighbourRefused";
    this.reason = reason;
  }
}

/** What a request's bytes say. Throws NeighbourRefused. */
export function askIn(body: Uint8Array): Ask {
  try {
    const said = JSON.parse(Buffer.from(body).toString()) as Partial<Record<keyof Ask, unknown>>;
    const { permit, from, limit } = said;
    const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
    if (typeof permit === "string" && isPlace(from) && isPlace(limit) && limit >= 1 && limit <= chunkBytes.most)
      return { permit, from, limit };
  } catch (cause) {
    throw new NeighbourRefused("malformed", "what was asked is no JSON", { cause });
  }
  throw new NeighbourRefused("malformed", "what was asked is no permit with a position and a size of a chunk");
}

interface Around {
  readonly trust: Trust;
  readonly trustDomain: string;
  /** The true time, as far as it is known, milliseconds. */
  readonly now: number;
}

/** The content (SHA-256, hex) that a permit gives to this device. Throws NeighbourRefused. */
export function permitted(permit: string, holder: string, { trust, trustDomain, now }: Around): string {
  const said = opened(permit, trust);
  if (said.trustDomain !== trustDomain || said.device !== holder)
    throw new NeighbourRefused("not-permitted", "this permit is another device's");
  if (said.expiresAtMs <= now) throw new NeighbourRefused("expired", "this permit has expired");
  return Buffer.from(said.sha256).toString("hex");
}

function opened(permit: string, trust: Trust) {
  try {
    return open("neighbourPermit", decode(v1.SignedEnvelope, Buffer.from(permit, "base64")), trust);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new NeighbourRefused("not-permitted", `this is no permit: ${cause.message}`, { cause });
  }
}
