import { ProtocolError } from "@edgemere/protocol";
import { HostError, type Program } from "../../host/host.ts";
import type { ArgumentsOf, Handler, HandlerContext } from "./handler.ts";

const MOST_OUTPUT = 16 * 1024 ** 2;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Runs a program, never through a shell. What it writes is delivered while it runs. */
export const exec: Handler<"exec"> = {
  check: ({ argv, cwd, env }) => {
    if (!argv[0]) return "argv: the program is missing";
    if (cwd !== "" && !cwd.startsWith("/")) return `cwd: ${cwd} must start with /`;
    const badName = Object.keys(env).find((name) => !VARIABLE_NAME.test(name));
    if (badName !== undefined) return `env: ${badName} is no name of an environment variable`;
    const hasNul = [...argv, cwd, ...Object.values(env)].some((text) => text.includes("\0"));
    return hasNul ? "argv, cwd and env must not contain NUL characters" : undefined;
  },
  run: async (given, { host, signal, output, command, secrets }) => {
    const program = programOf(given);
    const env = { ...program.env, ...(given.secrets ? environmentOf(given.secrets, secrets) : {}) };
    const ended = await host.run({ ...program, env, mark: command, onOutput: output, signal });
    const { exitCode = 0, endedBySignal = "", outputBytes, droppedBytes } = ended;
    const result = { exitCode, signal: endedBySignal, outputBytes, droppedBytes };
    if (endedBySignal !== "") return { reason: "ended-by-signal", detail: `ended by ${endedBySignal}`, result };
    if (exitCode !== 0) return { reason: "exit-code", detail: `exit code ${exitCode}`, result };
    return { result };
  },
};

/** They are opened here and nowhere else: only the program that is run has them. */
function environmentOf(box: NonNullable<ArgumentsOf<"exec">["secrets"]>, open: HandlerContext["secrets"]) {
  try {
    const values = open(box);
    const isUsable = Object.entries(values).every(([name, value]) => VARIABLE_NAME.test(name) && !value.includes("\0"));
    if (isUsable) return values;
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new HostError("not-allowed", "its secrets were sealed for another device or command", { cause });
  }
  throw new HostError("not-allowed", "its secrets have names that no environment variable can have");
}

function programOf({ argv, cwd, env, stdin, maxOutputBytes }: ArgumentsOf<"exec">): Program {
  const [program = "", ...rest] = argv;
  return {
    argv: [program, ...rest],
    env,
    maxOutputBytes: Math.min(maxOutputBytes, MOST_OUTPUT),
    ...(cwd !== "" && { cwd }),
    ...(stdin.length > 0 && { stdin }),
  };
}
