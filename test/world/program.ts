import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const here = join(import.meta.dirname, "../../..");

/** Under what a program is started, so that something befalls it. */
export interface Launch {
  /** Programs that start it in their turn, in place of themselves: `["ip", "netns", "exec", "edge"]`. */
  readonly under?: readonly string[];
  /** Flags of Node, such as `--import`. */
  readonly node?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** It leads a process group of its own, and starts others in it: killed is the whole group. */
  readonly leadsGroup?: boolean;
  /** The checkout whose program it is; this one when absent. */
  readonly root?: string;
}

interface Options {
  readonly script: string;
  readonly args: readonly string[];
  readonly input?: string;
  /** Environment variables beside, or in place of, our own. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly launch?: Launch | undefined;
}

/** One of our programs in a process of its own, as an operator would run it. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #written = { stdout: "", stderr: "" };
  readonly #leadsGroup: boolean;
  #output = "";

  constructor({ script, args, input, environment, launch = {} }: Options) {
    const { under = [], node = [], leadsGroup = false, root = here } = launch;
    this.#leadsGroup = leadsGroup;
    const [file = process.execPath, ...rest] = [...under, process.execPath, ...node, join(root, script), ...args];
    this.#child = spawn(file, rest, {
      stdio: ["pipe", "pipe", "pipe", "ipc"],
      env: { ...process.env, ...environment, ...launch.environment },
    });
    this.#child.stdin?.on("error", () => {}); // it ended before it read
    this.#child.stdin?.end(input ?? "");
    for (const name of ["stdout", "stderr"] as const)
      this.#child[name]?.setEncoding("utf8").on("data", (text: string) => {
        this.#written[name] += text;
        this.#output += text;
      });
    this.#exited = once(this.#child, "close");
  }

  /** Everything it has written so far. */
  get output(): string {
    return this.#output;
  }

  get stdout(): string {
    return this.#written.stdout;
  }

  get stderr(): string {
    return this.#written.stderr;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The signal that ended it, when one did. */
  get endedBy(): NodeJS.Signals | null {
    return this.#child.signalCode;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The first message of this type that it sends; rejects with its output when it ends before. */
  message<T>(type: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (message: unknown) => {
        if ((message as { type?: string }).type !== type) return;
        this.#child.off("message", look);
        resolve(message as T);
      };
      this.#child.on("message", look);
      void this.#exited.then(() => reject(new Error(`it ended before it said "${type}":\n${this.#output}`)));
    });
  }

  /** Waits until it has written this, and gives the match; rejects with its output when it ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.#output);
        if (match !== null) resolve(match);
      };
      // After the listeners that keep what it writes.
      for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on("data", look);
      void this.#exited.then(() => reject(new Error(`it ended before it said ${pattern.source}:\n${this.#output}`)));
      look();
    });
  }

  send(message: string | object): void {
    this.#child.send(message);
  }

  /** Waits for its end by itself; gives its exit code. */
  async ended(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** As Ctrl-C does; gives its exit code. */
  async interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.ended();
  }

  /** Asks it to stop, and waits. */
  async stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.ended();
  }

  /** As a power cut would: nothing of it runs on. */
  async kill(): Promise<void> {
    if (this.#leadsGroup) killGroup(this.pid);
    else this.#child.kill("SIGKILL");
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    // All of them have ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
