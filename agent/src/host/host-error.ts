/** A refusal of the operating system or of the host's own rules, fit to be shown: says what and why. */
export class HostError extends Error {
  readonly reason: "not-found" | "not-allowed" | "no-room" | "busy" | "failed";
  constructor(reason: HostError["reason"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HostError";
    this.reason = reason;
  }
}
