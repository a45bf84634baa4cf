import { ID_PATTERN } from "./topics.ts";

/** A single-use permission to enrol, which also says where to and whom to trust: no trust on first use. */
export interface EnrolmentToken {
  readonly id: string;
  /** 32 random bytes, base64url. The control plane keeps only its hash. */
  readonly secret: string;
  /** SHA-256 of the root certificate's public key (SPKI), base64url: checked before anything is sent. */
  readonly pin: string;
  /** Address of the device API, `https://host:port`. */
  readonly server: string;
}

/** The name in the certificate of every control plane's servers: devices ask for it, whatever address they connect to. */
export const SERVER_NAME = "control-plane.edgemere";

/** The text is wrong; the message says how, never what it contains. */
export class BadToken extends Error {
  constructor(what: string) {
    super(`this is no enrolment token: ${what}. Make one with "edgemere cpl dm token create" and paste it whole.`);
    this.name = "BadToken";
  }
}

/** A part of known length stands last, so that a token which lost its end is known by it. */
export const formatToken = ({ id, secret, pin, server }: EnrolmentToken): string =>
  ["ed1", id, Buffer.from(server).toString("base64url"), secret, pin].join(".");

// 32 bytes in base64url without padding. Node's decoder skips foreign characters, so a token wrapped by a terminal would pass it.
const THIRTY_TWO_BYTES = /^[A-Za-z0-9_-]{43}$/;

export function parseToken(text: string): EnrolmentToken {
  const [version, id, server, secret, pin, ...rest] = text.trim().split(".");
  if (version !== "ed1") throw new BadToken('it does not start with "ed1."');
  if (!id || !server || !secret || !pin || rest.length > 0) throw new BadToken("it does not have five parts");
  if (!ID_PATTERN.test(id)) throw new BadToken("its id has characters that no id has");
  if (!THIRTY_TWO_BYTES.test(secret)) throw new BadToken("its secret is cut short or changed");
  if (!THIRTY_TWO_BYTES.test(pin)) throw new BadToken("its pin is cut short or changed");
  const address = Buffer.from(server, "base64url").toString();
  if (!URL.canParse(address) || new URL(address).protocol !== "https:")
    throw new BadToken("its address is no https address");
  return { id, secret, pin, server: address };
}
