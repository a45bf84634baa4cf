import type { Operation, RestInput } from "./rest-cases.ts";
import { mismatch } from "./schema.ts";
import { accepted, finding, refused, type Verdict } from "./tally.ts";

export interface RestAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What no answer may show: where our code lies, how it failed, where the data are. */
export const INSIDE = /node_modules|\/dist\/|\.js:\d+|\n\s+at |\bat \w+ \(|[A-Z]\w+Error:|LEVEL_|\/tmp\/|ENOENT|EACCES/;

/** What may be said of any request, whatever it asks for: that it is for another address or method, or too large to be read. */
const OF_ANY = new Set([405, 413, 414, 415, 431]);

const expectations: Readonly<Record<RestInput["expected"], (status: number) => boolean>> = {
  any: () => true,
  refusal: (status) => status >= 400,
  "not signed in": (status) => status === 401,
  forbidden: (status) => status === 403,
  "wrong method": (status) => status === 405,
};

/** Holds an answer to what the document says, and to what no document needs to say. */
export function judgeAnswer(
  input: RestInput,
  { status, type, text }: RestAnswer,
  operation: Operation | undefined,
  secrets: readonly string[],
): Verdict {
  if (status >= 500) return finding(`answered ${status}: ${text.slice(0, 300)}`);
  if (!expectations[input.expected](status) && status !== 429)
    return finding(`answered ${status} where ${input.expected} was to be expected: ${text.slice(0, 300)}`);
  const shown = text.match(INSIDE)?.[0];
  if (status >= 400 && shown !== undefined) return finding(`shows its inside: ${shown} in ${text.slice(0, 300)}`);
  if (secrets.some((secret) => text.includes(secret))) return finding(`shows a secret: ${text.slice(0, 300)}`);
  if (status >= 400) return judgeProblem(status, type, text, operation);
  if (operation === undefined) return accepted;
  const schema = operation.responses["200"]?.content?.["application/json"]?.schema;
  if (status !== 200 || schema === undefined) return finding(`answered ${status}, which is not declared`);
  if (!type.startsWith("application/json")) return finding(`answered with ${type}`);
  const wrong = mismatch(schema, JSON.parse(text));
  return wrong === undefined ? accepted : finding(`the answer is not as declared: ${wrong} in ${text.slice(0, 300)}`);
}

/** Holds what was asked under a key once more, after it was done, to the first answer: it is that one, or a refusal. */
export function judgeRepeat(input: RestInput, first: RestAnswer, second: RestAnswer): Verdict {
  const { path, body } = input.again ?? {};
  const isSame = second.status === 200 && second.text === first.text;
  if (second.status >= 500) return finding(`a repeat was answered ${second.status}: ${second.text.slice(0, 300)}`);
  if (isSame && path === undefined) return accepted;
  // A body that means the same may get the same; a body that is none is refused before anybody looks at the key, as is a method that another action lacks.
  const mayBe = path === undefined && body === undefined ? [409, 429] : [400, 403, 404, 405, 409, 429];
  if (mayBe.includes(second.status)) return refused("repeat");
  return finding(
    `a repeat was answered ${second.status} ${second.text.slice(0, 200)} after ${first.text.slice(0, 200)}`,
  );
}

function judgeProblem(status: number, type: string, text: string, operation: Operation | undefined): Verdict {
  if (!type.startsWith("application/problem+json")) return finding(`${status} as ${type}: ${text.slice(0, 200)}`);
  const problem = JSON.parse(text) as { type?: unknown; title?: unknown; status?: unknown; detail?: unknown };
  const { type: kind, title, detail } = problem;
  if (typeof kind !== "string" || typeof title !== "string" || typeof detail !== "string" || problem.status !== status)
    return finding(`a refusal that is no problem document: ${text.slice(0, 200)}`);
  if (detail === "") return finding(`a refusal that does not say what was wrong: ${text.slice(0, 200)}`);
  const isDeclared = operation === undefined || OF_ANY.has(status) || Object.hasOwn(operation.responses, status);
  return isDeclared
    ? refused(kind.replace("/problems/", ""))
    : finding(`${status} is not declared: ${text.slice(0, 200)}`);
}
