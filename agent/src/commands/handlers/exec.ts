import type { Program } from "../../host/host.ts";
import type { ArgumentsOf, Handler } from "./handler.ts";
import { environmentOf, MOST_OUTPUT, outcomeOf, settingWrong } from "./program.ts";

/** Runs a program, never through a shell. What it writes is delivered while it runs. */
export const exec: Handler<"exec"> = {
  check: (given) => (given.argv[0] ? settingWrong("argv", given.argv, given) : "argv: the program is missing"),
  run: async (given, { host, signal, output, command, secrets }) => {
    const env = environmentOf(given, secrets);
    return outcomeOf(await host.run({ ...programOf(given), env, mark: command, onOutput: output, signal }));
  },
};

function programOf({ argv, cwd, stdin, maxOutputBytes }: ArgumentsOf<"exec">): Program {
  const [program = "", ...rest] = argv;
  return {
    argv: [program, ...rest],
    maxOutputBytes: Math.min(maxOutputBytes, MOST_OUTPUT),
    ...(cwd !== "" && { cwd }),
    ...(stdin.length > 0 && { stdin }),
  };
}
