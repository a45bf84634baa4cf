import type { Listener } from "./config.ts";

/** Somebody else has a port that we were told to take. */
export class PortTaken extends Error {
  constructor(option: string, { host, port }: Listener, cause: unknown) {
    super(`port ${port} on ${host} is taken by another program: stop it, or choose another with --${option}-port`, {
      cause,
    });
    this.name = "PortTaken";
  }
}

/** What was opened, to be closed in the opposite order. */
export class Opened implements AsyncDisposable {
  readonly #open: AsyncDisposable[] = [];

  async add<T extends AsyncDisposable>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    this.#open.push(opened);
    return opened;
  }

  /** Throws PortTaken, which names the option that helps. */
  async listen<T extends AsyncDisposable>(
    option: string,
    on: Listener,
    start: (on: Listener) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.add(start(on));
    } catch (error) {
      throw error instanceof Error && "code" in error && error.code === "EADDRINUSE"
        ? new PortTaken(option, on, error)
        : error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  }
}
