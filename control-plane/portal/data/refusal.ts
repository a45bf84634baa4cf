import { ProblemError } from "../../src/faces/client-problem.ts";

/** The mistakes in single fields that the control plane named, by the field's name. */
export function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof ProblemError)) return {};
  return Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer.split("/")[1] ?? "", detail]));
}

export const isRefusal = (error: unknown, ...kinds: readonly string[]): boolean =>
  error instanceof ProblemError && kinds.includes(error.kind);

/** What to show as heading and text. */
export function describeError(error: unknown): { readonly title: string; readonly detail: string; readonly reference?: string } {
  if (error instanceof ProblemError) {
    const { title, detail, requestId } = error.document;
    return { title, detail, ...(requestId !== undefined && { reference: requestId }) };
  }
  return {
    title: "The control plane did not answer",
    detail: error instanceof Error ? error.message : String(error),
  };
}
