import { CommanderError } from "commander";
import { ProblemError, Unreachable } from "../src/faces/client.ts";
import { problems } from "../src/platform/problem.ts";
import { visible } from "./visible.ts";

/** Exit codes beside those of problems (`platform/problem.ts`). */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  partly: 3,
  conflict: 5,
  noAnswer: 6,
  interrupted: 130,
} as const;

/** The command line itself is wrong; the message says what to type instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
export class TimedOut extends Error {
  override readonly name = "TimedOut";
}
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof ProblemError) return Object.hasOwn(problems, error.kind) ? problems[error.kind].exitCode : 1;
  if (error instanceof Unreachable || error instanceof TimedOut) return exitCodes.noAnswer;
  if (error instanceof Interrupted) return exitCodes.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}

/** What to tell a person: what was wrong, where, and what to do; `server` is where to sign in. Empty where all has been said. */
export function explain(error: unknown, { server, verbose }: { server: string | undefined; verbose: boolean }): string {
  if (error instanceof Interrupted || error instanceof CommanderError) return "";
  const message = error instanceof Error ? error.message : String(error);
  const lines = [`edgemere: ${message}`];
  if (error instanceof ProblemError) {
    lines.push(...error.errors.map(({ pointer, detail }) => `  ${optionAt(pointer)}: ${detail}`));
    lines.push(...adviceOn(error, server));
    if (verbose && error.document.requestId) lines.push(`  request ${error.document.requestId}`);
  }
  if (error instanceof Unreachable)
    lines.push(
      "  is the control plane running? Another one is chosen by --server URL, EDGEMERE_SERVER or edgemere signin",
    );
  if (verbose && error instanceof Error && !(error instanceof ProblemError) && error.stack) lines.push(error.stack);
  return `${lines.map((line) => visible(line, { lines: true })).join("\n")}\n`;
}

function adviceOn({ kind, retryAfter, document }: ProblemError, server: string | undefined): readonly string[] {
  if (kind === "not-signed-in" && server !== undefined) return [`  sign in with: edgemere signin --server ${server}`];
  if (kind === "step-up-required")
    return [
      "  sign in anew (with edgemere signin, or edgemere signin --sso --fresh), or use an API token that holds the permission by its name",
    ];
  if (retryAfter !== undefined) return [`  try again in ${retryAfter} s`];
  return kind === "internal" && document.requestId ? [`  request ${document.requestId}`] : [];
}

// "/labels/site" is what the API calls it; on the command line it was --labels. People count from one.
function optionAt(pointer: string): string {
  const [name = "", ...below] = pointer.split("/").slice(1);
  const words = below.map((each) => (/^\d+$/.test(each) ? `no. ${Number(each) + 1}` : each));
  const where = words.length > 0 ? ` (${words.join(", ")})` : "";
  return name === "" ? "input" : `--${kebab(name)}${where}`;
}

/** `queueTimeout` → `queue-timeout` */
export const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
