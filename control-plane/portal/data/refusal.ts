import { ProblemError } from "../../src/faces/client-problem.ts";

/** The mistakes in single fields that the control plane named, by the field's name. */
export function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof ProblemError)) return {};
  return Object.fromEntries(
    error.errors.flatMap(({ pointer, detail }) => {
      const [, field = "", inner = ""] = pointer.split("/");
      // The arguments of a command kind have a form of their own.
      return field === "arguments"
        ? [
            [field, detail],
            [inner, detail],
          ]
        : [[field, detail]];
    }),
  );
}

export const isRefusal = (error: unknown, ...kinds: readonly string[]): boolean =>
  error instanceof ProblemError && kinds.includes(error.kind);

/** What to show as heading and text. */
export function describeError(error: unknown): {
  readonly title: string;
  readonly detail: string;
  readonly reference?: string;
} {
  if (error instanceof ProblemError) {
    const { title, detail, requestId } = error.document;
    return { title, detail: sentence(detail), ...(requestId !== undefined && { reference: requestId }) };
  }
  return {
    title: "The control plane did not answer",
    detail: sentence(error instanceof Error ? error.message : String(error)),
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
