import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

interface Options {
  readonly script: string;
  readonly args: readonly string[];
  readonly input?: string;
}

/** One of our programs in a process of its own, as an operator would run it. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = "";

  constructor({ script, args, input }: Options) {
    this.#child = spawn(process.execPath, [join(root, script), ...args], { stdio: ["pipe", "pipe", "pipe", "ipc"] });
    this.#child.stdin?.on("error", () => {}); // it ended before it read
    this.#child.stdin?.end(input ?? "");
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    this.#exited = once(this.#child, "close");
  }

  /** Everything it has written so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first message of this type that it sends; rejects with its output when it ends before. */
  message<T>(type: string): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#child.on("message", (message) => {
        if ((message as { type?: string }).type === type) resolve(message as T);
      });
      void this.#exited.then(() => reject(new Error(`it ended before it said "${type}":\n${this.#output}`)));
    });
  }

  send(message: string): void {
    this.#child.send(message);
  }

  /** Waits for its end by itself; gives its exit code. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Asks it to stop, and waits. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.ended();
  }

  /** As a power cut would: nothing of it runs on. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
