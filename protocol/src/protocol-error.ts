/** Why bytes from the other side were refused: a closed list, because every refusal is counted under one of these. */
export type RefusalReason =
  | "too-large"
  | "malformed"
  | "unknown-topic"
  | "wrong-direction"
  | "not-yours"
  | "bad-id"
  | "missing-field"
  | "out-of-range"
  | "not-finite"
  | "too-many"
  | "wrong-body"
  | "bad-signature"
  | "unknown-key"
  | "wrong-role"
  | "too-few-signatures"
  | "outdated"
  | "expired"
  | "unsigned";

/** The peer's bytes are wrong: the peer's fault. Counted, logged once, dropped. */
export class ProtocolError extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProtocolError";
    this.reason = reason;
  }
}

/** What a check finds wrong with the peer's bytes; undefined when it finds nothing. Other errors stay what they are. */
export function faultIn(check: () => void): ProtocolError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}
