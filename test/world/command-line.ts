import { Program } from "./program.ts";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The `edgemere` command as somebody with this home folder types it. */
export interface CommandLine {
  /** Runs it to its end; `typed` goes to its standard input. */
  run(words: readonly string[], typed?: string, environment?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Runs it on. */
  start(words: readonly string[]): Program;
}

export function commandLine(home: string): CommandLine {
  const start = (args: readonly string[], input = "", environment: Readonly<Record<string, string>> = {}) =>
    new Program({
      script: "control-plane/bin/edgemere.js",
      args,
      input,
      environment: {
        HOME: home,
        XDG_CONFIG_HOME: "",
        EDGEMERE_SERVER: "",
        EDGEMERE_TOKEN: "",
        EDGEMERE_TOKEN_FILE: "",
        ...environment,
      },
    });
  return {
    start,
    run: async (words, typed, environment) => {
      const program = start(words, typed, environment);
      const code = await program.ended();
      return { code, stdout: program.stdout, stderr: program.stderr };
    },
  };
}
