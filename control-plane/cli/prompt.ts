import { readFile } from "node:fs/promises";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Interrupted, UsageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

const silence = () => new Writable({ write: (_chunk, _encoding, done) => done() });

/** Asks the person at the terminal; from a pipe it takes one line per answer. */
export class Prompter {
  readonly #terminal: Terminal;
  #piped: { readonly lines: Interface; readonly iterator: AsyncIterator<string> } | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get isInteractive(): boolean {
    return this.#terminal.stdin.isTTY === true && this.#terminal.stderr.isTTY === true;
  }

  async line(question: string): Promise<string> {
    return this.isInteractive ? this.#ask(question) : this.#pipedLine(question);
  }

  /** What is typed is not shown. */
  async secret(question: string): Promise<string> {
    return this.isInteractive ? this.#ask(question, { hidden: true }) : this.#pipedLine(question);
  }

  /** Yes must be said; anything else is no. */
  async confirm(question: string): Promise<boolean> {
    return /^y(es)?$/i.test((await this.#ask(`${question} [y/N] `)).trim());
  }

  /** A whole file; `-` is standard input. */
  async readText(file: string): Promise<string> {
    try {
      return file === "-" ? await text(this.#terminal.stdin) : await readFile(file, "utf8");
    } catch (error) {
      throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
    }
  }

  close(): void {
    this.#piped?.lines.close();
  }

  async #ask(question: string, { hidden = false } = {}): Promise<string> {
    const { stdin, stderr, interrupted } = this.#terminal;
    const output = hidden ? silence() : stderr;
    const lines = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
    // Asked only now that the terminal has stopped showing what is typed.
    if (hidden) stderr.write(question);
    try {
      return await new Promise<string>((resolve, reject) => {
        const stop = () => reject(new Interrupted("interrupted"));
        interrupted.addEventListener("abort", stop, { once: true });
        lines.once("SIGINT", stop).once("close", stop);
        lines.question(hidden ? "" : question, resolve);
      });
    } finally {
      lines.close();
      if (hidden) stderr.write("\n");
    }
  }

  async #pipedLine(question: string): Promise<string> {
    if (this.#piped === undefined) {
      const lines = createInterface({ input: this.#terminal.stdin, crlfDelay: Number.POSITIVE_INFINITY });
      this.#piped = { lines, iterator: lines[Symbol.asyncIterator]() };
    }
    const next = await this.#piped.iterator.next();
    if (next.done) throw new UsageError(`standard input ended before it answered: ${question.trim()}`);
    return next.value;
  }
}
