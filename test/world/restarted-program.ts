import type { Program } from "./program.ts";

/** A real program that is killed and started again, and stays the same one to whoever watches. */
export abstract class RestartedProgram implements AsyncDisposable {
  /** The process that was started last. */
  protected program: Program | undefined;

  get output(): string {
    return this.program?.output ?? "";
  }

  get pid(): number {
    return this.program?.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.program?.isRunning ?? false;
  }

  signal(name: NodeJS.Signals): void {
    this.program?.signal(name);
  }

  /** Waits until it has written this. */
  async said(pattern: RegExp): Promise<void> {
    await this.program?.said(pattern);
  }

  /** Waits for its end by itself; gives its exit code. */
  async ended(): Promise<number | null> {
    return (await this.program?.ended()) ?? null;
  }

  async stop(): Promise<number | null> {
    return (await this.program?.stop()) ?? null;
  }

  async kill(): Promise<void> {
    await this.program?.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
