import { Program, type Launch } from "./program.ts";

export interface AgentOptions {
  readonly dataFolder: string;
  /** More flags, such as `--allow exec`. */
  readonly flags?: readonly string[];
  readonly launch?: Launch | undefined;
}

const quick = ["--sample", "200ms", "--report", "400ms", "--source-every", "1s", "--keepalive", "10s"];

/** A real agent on this machine, which can be killed and started again. */
export class AgentProgram implements AsyncDisposable {
  readonly dataFolder: string;
  readonly #options: AgentOptions;
  #program: Program | undefined;

  constructor(options: AgentOptions) {
    this.dataFolder = options.dataFolder;
    this.#options = options;
  }

  get output(): string {
    return this.#program?.output ?? "";
  }

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#program?.isRunning ?? false;
  }

  /** Enrols with the token and runs on. */
  enrol(token: string, name: string): void {
    this.#program = this.#start(["enrol", "-", "--run", "--name", name], this.#options.launch, `${token}\n`);
  }

  /** Starts it again, as before or under something else. */
  run(launch: Launch | undefined = this.#options.launch): void {
    this.#program = this.#start(["run"], launch);
  }

  signal(name: NodeJS.Signals): void {
    this.#program?.signal(name);
  }

  /** Waits until it has written this. */
  async said(pattern: RegExp): Promise<void> {
    await this.#program?.said(pattern);
  }

  /** Waits for its end by itself; gives its exit code. */
  async ended(): Promise<number | null> {
    return (await this.#program?.ended()) ?? null;
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
