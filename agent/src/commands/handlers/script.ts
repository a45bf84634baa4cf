import { createHash } from "node:crypto";
import { interpreterOf } from "../interpreter.ts";
import type { Handler } from "./handler.ts";
import { environmentOf, MOST_OUTPUT, outcomeOf, settingWrong } from "./program.ts";

const USER_NAME = /^[a-z_][a-z0-9_.-]{0,31}\$?$/i;

/** Runs a text by an interpreter. The text is in a file of its user's own for as long as it runs. */
export const script: Handler<"script"> = {
  check: (given) => {
    const { content, sha256, interpreter, arguments: rest, user } = given;
    if (content.length === 0) return "content: the script is empty";
    if (!createHash("sha256").update(content).digest().equals(sha256))
      return "sha256: it is not that of the content, so something was lost on the way";
    if (user !== "" && !USER_NAME.test(user)) return `user: ${user} cannot be the name of a user`;
    return settingWrong("arguments", [interpreter, ...interpreterOf(given), ...rest], given);
  },
  run: async (given, { host, signal, output, command, secrets }) => {
    const { content, arguments: rest, user, cwd, maxOutputBytes } = given;
    const ended = await host.runScript({
      interpreter: interpreterOf(given),
      content,
      arguments: rest,
      env: environmentOf(given, secrets),
      maxOutputBytes: Math.min(maxOutputBytes, MOST_OUTPUT),
      ...(cwd !== "" && { cwd }),
      ...(user !== "" && { user }),
      mark: command,
      onOutput: output,
      signal,
    });
    return outcomeOf(ended);
  },
};
