import { Program } from "./program.ts";

interface Options {
  readonly dataFolder: string;
  /** More flags, such as `--allow exec`. */
  readonly flags?: readonly string[];
}

const quick = ["--sample", "200ms", "--report", "400ms", "--source-every", "1s", "--keepalive", "10s"];

/** A real agent on this machine, which can be killed and started again. */
export class AgentProgram implements AsyncDisposable {
  readonly #options: Options;
  #program: Program | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  get output(): string {
    return this.#program?.output ?? "";
  }

  /** Enrols with the token and runs on. */
  enrol(token: string, name: string): void {
    this.#program = this.#start(["enrol", "-", "--run", "--name", name], `${token}\n`);
  }

  run(): void {
    this.#program = this.#start(["run"]);
  }

  async stop(): Promise<number | null> {
    return (await this.#program?.stop()) ?? null;
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #start(words: readonly string[], input = ""): Program {
    const { dataFolder, flags = [] } = this.#options;
    return new Program({
      script: "agent/bin/edgemere-agent.js",
      args: [...words, "--data", dataFolder, ...quick, ...flags],
      input,
    });
  }
}
