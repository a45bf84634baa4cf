import { Program, type Launch } from "./program.ts";
import { RestartedProgram } from "./restarted-program.ts";

export interface AgentOptions {
  readonly dataFolder: string;
  /** More flags, such as `--allow exec`. */
  readonly flags?: readonly string[];
  readonly launch?: Launch | undefined;
}

const quick = ["--sample", "200ms", "--report", "400ms", "--source-every", "1s", "--keepalive", "10s"];

/** A real agent on this machine, which can be killed and started again. */
export class AgentProgram extends RestartedProgram {
  readonly dataFolder: string;
  readonly #options: AgentOptions;

  constructor(options: AgentOptions) {
    super();
    this.dataFolder = options.dataFolder;
    this.#options = options;
  }

  /** Enrols with the token and runs on. */
  enrol(token: string, name: string): void {
    this.program = this.#start(["enrol", "-", "--run", "--name", name], this.#options.launch, `${token}\n`);
  }

  /** Starts it again, as before or under something else. */
  run(launch: Launch | undefined = this.#options.launch): void {
    this.program = this.#start(["run"], launch);
  }

  #start(words: readonly string[], launch: Launch | undefined, input = ""): Program {
    const { dataFolder, flags = [] } = this.#options;
    return new Program({
      script: "agent/bin/edgemere-agent.js",
      args: [...words, "--data", dataFolder, ...quick, ...flags],
      input,
      launch,
    });
  }
}
