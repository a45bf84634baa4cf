/** This host has no identity yet. The message says why and what to do, and is fit to be shown. */
export class EnrolmentFailed extends Error {
  /** refused: trying again with the same token is no use. */
  readonly kind: "refused" | "unreachable";
  constructor(kind: "refused" | "unreachable", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EnrolmentFailed";
    this.kind = kind;
  }
}
