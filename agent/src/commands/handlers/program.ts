import { ProtocolError, type Reason, type v1 } from "@edgemere/protocol";
import { HostError, type ProgramResult } from "../../host/host.ts";
import type { HandlerContext } from "./handler.ts";

/** More output than this is never kept, whatever was asked for. */
export const MOST_OUTPUT = 16 * 1024 ** 2;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface Setting {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What is wrong with the words and the setting of a program; undefined when nothing is. */
export function settingWrong(what: string, words: readonly string[], { cwd, env }: Setting): string | undefined {
  if (cwd !== "" && !cwd.startsWith("/")) return `cwd: ${cwd} must start with /`;
  const badName = Object.keys(env).find((name) => !VARIABLE_NAME.test(name));
  if (badName !== undefined) return `env: ${badName} is no name of an environment variable`;
  const hasNul = [...words, cwd, ...Object.values(env)].some((text) => text.includes("\0"));
  return hasNul ? `${what}, cwd and env must not contain NUL characters` : undefined;
}

/** What was asked for, with the secrets: they are opened here and nowhere else, so that only the program that is run has them. */
export function environmentOf(
  { env, secrets }: { readonly env: Setting["env"]; readonly secrets?: v1.SealedBox.$Shape | null },
  open: HandlerContext["secrets"],
): Readonly<Record<string, string>> {
  if (!secrets) return env;
  try {
    const values = open(secrets);
    const isUsable = Object.entries(values).every(([name, value]) => VARIABLE_NAME.test(name) && !value.includes("\0"));
    if (isUsable) return { ...env, ...values };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new HostError("not-allowed", "its secrets were sealed for another device or command", { cause });
  }
  throw new HostError("not-allowed", "its secrets have names that no environment variable can have");
}

interface Ended {
  readonly exitCode: number;
  readonly signal: string;
  readonly outputBytes: number;
  readonly droppedBytes: number;
}

/** How a command went whose program ended like this. */
export function outcomeOf({
  exitCode = 0,
  endedBySignal = "",
  outputBytes,
  droppedBytes,
}: ProgramResult):
  | { readonly result: Ended }
  | { readonly reason: Reason; readonly detail: string; readonly result: Ended } {
  const result = { exitCode, signal: endedBySignal, outputBytes, droppedBytes };
  if (endedBySignal !== "") return { reason: "ended-by-signal", detail: `ended by ${endedBySignal}`, result };
  if (exitCode !== 0) return { reason: "exit-code", detail: `exit code ${exitCode}`, result };
  return { result };
}
