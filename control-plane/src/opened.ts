import type { Listener } from "./config.ts";

/** We were told to listen where that is not possible. The message names the option that helps. */
export class CannotListen extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "CannotListen";
  }
}

// What the operating system says, for somebody who typed a host and a port.
const reasons: Readonly<Record<string, (option: string, on: Listener) => string>> = {
  EADDRINUSE: (option, { host, port }) =>
    `port ${port} on ${host} is taken by another program: stop it, or choose another with --${option}-port`,
  EACCES: (option, { host, port }) =>
    `this user may not take port ${port} on ${host}: choose one from 1024 on with --${option}-port`,
  EADDRNOTAVAIL: (option, { host }) => `${host} is no address of this machine: choose another with --${option}-host`,
  ENOTFOUND: (option, { host }) => `${host} is no known host name: choose another with --${option}-host`,
};

/** What was opened, to be closed in the opposite order. */
export class Opened implements AsyncDisposable {
  readonly #open: AsyncDisposable[] = [];

  async add<T extends AsyncDisposable>(opening: Promise<T>): Promise<T> {
    const opened = await opening;
    this.#open.push(opened);
    return opened;
  }

  /** Throws CannotListen. */
  async listen<T extends AsyncDisposable>(
    option: string,
    on: Listener,
    start: (on: Listener) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.add(start(on));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
      throw reason === undefined ? error : new CannotListen(reason(option, on), error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  }
}
