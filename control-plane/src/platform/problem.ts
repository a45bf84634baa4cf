/** Every kind of refusal: its stable type, title, HTTP status and CLI exit code. A page per type is served at `/problems/<type>`. */
export const problems = {
  "invalid-input": { title: "The input is not valid", status: 400, exitCode: 2 },
  "not-signed-in": { title: "Not signed in", status: 401, exitCode: 7 },
  forbidden: { title: "Not allowed", status: 403, exitCode: 7 },
  "step-up-required": { title: "Prove again who you are", status: 403, exitCode: 7 },
  "not-found": { title: "No such thing", status: 404, exitCode: 4 },
  "unknown-action": { title: "No such action", status: 404, exitCode: 2 },
  "method-not-allowed": { title: "Wrong method for this action", status: 405, exitCode: 2 },
  gone: { title: "No longer kept", status: 410, exitCode: 4 },
  conflict: { title: "Not possible in this state", status: 409, exitCode: 5 },
  "unsupported-media-type": { title: "The body is of a kind that is not read here", status: 415, exitCode: 2 },
  "too-slow": { title: "The request did not come in time", status: 408, exitCode: 1 },
  "too-large": { title: "Too large", status: 413, exitCode: 2 },
  "too-many-requests": { title: "Too many requests", status: 429, exitCode: 1 },
  internal: { title: "Something went wrong in the control plane", status: 500, exitCode: 1 },
  "storage-full": { title: "The control plane's disk is nearly full", status: 507, exitCode: 1 },
  unavailable: { title: "Not possible right now", status: 503, exitCode: 1 },
} as const;

export type ProblemType = keyof typeof problems;

/** What was wrong in one field of the input. `pointer` is a JSON pointer (RFC 6901). */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** RFC 9457, as it crosses every face. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
  readonly requestId?: string;
}

/** A refusal that may be shown to the caller: says what was wrong, where, and what to do. */
export class Problem extends Error {
  readonly type: ProblemType;
  readonly errors: readonly FieldProblem[];
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(
    type: ProblemType,
    detail: string,
    options: { errors?: readonly FieldProblem[]; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = "Problem";
    this.type = type;
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter;
  }

  toDocument(requestId?: string): ProblemDocument {
    const { title, status } = problems[this.type];
    return {
      type: `/problems/${this.type}`,
      title,
      status,
      detail: this.message,
      ...(this.errors.length > 0 && { errors: this.errors }),
      ...(requestId !== undefined && { requestId }),
    };
  }
}
