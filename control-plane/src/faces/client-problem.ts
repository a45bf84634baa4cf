import type { FieldProblem, ProblemDocument, ProblemType } from "../platform/problem.ts";

/** The control plane refused: `message` says what was wrong and what to do. */
export class ProblemError extends Error {
  readonly document: ProblemDocument;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(document: ProblemDocument, retryAfter?: number) {
    super(document.detail);
    this.name = "ProblemError";
    this.document = document;
    this.retryAfter = retryAfter;
  }

  /** `not-found`, `conflict` … */
  get kind(): ProblemType {
    return (this.document.type.split("/").at(-1) ?? "internal") as ProblemType;
  }

  /** What was wrong in single fields of the input. */
  get errors(): readonly FieldProblem[] {
    return this.document.errors ?? [];
  }
}

/** No answer, or one that no control plane gives. */
export class Unreachable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Unreachable";
  }
}

export const unreachable = (baseUrl: string, cause: unknown): Unreachable =>
  new Unreachable(`no answer from the control plane${baseUrl && ` at ${baseUrl}`}: ${reasonOf(cause)}`, { cause });

/** The output in an HTTP answer, or the problem it tells of. */
export async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  const body = parsed(text);
  if (response.ok && body !== undefined) return body;
  if (isProblem(body)) throw new ProblemError(body, retryAfterOf(response));
  throw new Unreachable(
    `${response.url} answered ${response.status} ${response.statusText}, but not as a control plane does; check the address and what stands in between`,
  );
}

export const isProblem = (body: unknown): body is ProblemDocument =>
  typeof body === "object" && body !== null && "type" in body && "detail" in body && typeof body.detail === "string";

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}

// Node's fetch hides the reason ("connect ECONNREFUSED …") in the cause, several of them in an AggregateError.
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}
