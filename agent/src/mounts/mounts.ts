import { Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import type { FileSurroundings } from "../commands/files/transfer.ts";
import { HostError } from "../host/host-error.ts";
import type { HostMounts, Shown, ShownFile } from "../host/host-mounts.ts";
import { readBook, writeBook } from "./mount-book.ts";
import { MountedContents } from "./mounted-contents.ts";

export interface MountsParts {
  readonly env: Env;
  readonly host: HostMounts;
  /** The folder that the host's owner named. */
  readonly folder: string;
  readonly device: string;
  readonly files: FileSurroundings;
}

/** A file that is shown, and what it holds. */
export interface MountedFile extends ShownFile {
  readonly name: string;
}

const MOST = 64;
/** When the program that shows them died it is started again so often. */
const LAID_EVERY = 5 * SECOND;
const SEEN_WITHIN = 20 * SECOND;
const LOOKED_EVERY = SECOND / 5;

/** Shows data that does not lie here, over every death of the agent and of the program by which it is shown. */
export class Mounts implements AsyncDisposable {
  readonly place: string;
  readonly #parts: MountsParts;
  readonly #files: Map<string, ShownFile>;
  readonly #contents: MountedContents;
  readonly #loop: Reconciler;
  #shown: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  private constructor(parts: MountsParts, files: Map<string, ShownFile>) {
    const { env, host, folder } = parts;
    this.place = host.placeIn(folder);
    this.#parts = parts;
    this.#files = files;
    this.#contents = new MountedContents(parts.files);
    this.#loop = new Reconciler(
      {
        name: "mount data",
        every: LAID_EVERY,
        step: () => this.#lay(),
        onError: (error) => env.log.warn("data cannot be mounted", { folder, error }),
      },
      env.clock,
    );
  }

  /** With what a former run showed; undefined where nothing can be. */
  static async open({
    host,
    folder,
    ...parts
  }: Omit<MountsParts, "host" | "folder"> & {
    readonly host: HostMounts | undefined;
    readonly folder: string | undefined;
  }): Promise<Mounts | undefined> {
    if (host === undefined || folder === undefined) return undefined;
    const hindrance = await host.hindrance(folder);
    if (hindrance === undefined)
      return new Mounts({ ...parts, host, folder }, await readBook(parts.env.disk, parts.device));
    parts.env.log.warn("no data is mounted here", { folder, reason: hindrance });
    return undefined;
  }

  start(): void {
    this.#loop.start();
  }

  /** Shows one more, and resolves when it is seen; false where it was shown before. Throws HostError. */
  async add({ name, sha256, bytes }: MountedFile, signal: AbortSignal): Promise<boolean> {
    const known = this.#files.get(name);
    if (known === undefined && this.#files.size >= MOST)
      throw new HostError("failed", `${MOST} pieces of data are mounted here already, and no more can be`);
    await this.#contents.list({ sha256, bytes });
    await this.#change(() => this.#files.set(name, { sha256, bytes }));
    this.#loop.kick();
    const { clock, host, folder } = { ...this.#parts, ...this.#parts.env };
    for (const until = clock.monotonic() + SEEN_WITHIN; !(await host.isSeen(folder, { name, bytes }));) {
      if (signal.aborted || clock.monotonic() >= until) {
        if (known === undefined) await this.remove({ name, sha256 });
        throw new HostError("failed", `${name} is not seen below ${this.place}; the agent's log says why`);
      }
      await clock.sleep(LOOKED_EVERY, signal);
    }
    return known === undefined;
  }

  /** Shows it no more; false where it was not shown, or is something else. */
  async remove({ name, sha256 }: Pick<MountedFile, "name" | "sha256">): Promise<boolean> {
    if (this.#files.get(name)?.sha256 !== sha256) return false;
    await this.#change(() => this.#files.delete(name));
    this.#contents.forget(sha256);
    if (this.#files.size === 0) await this.#take();
    return true;
  }

  /** Shows nothing any more. */
  async clear(): Promise<void> {
    await this.#change(() => this.#files.clear());
    await this.#take();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
    await this.#take();
  }

  async #change(how: () => void): Promise<void> {
    how();
    await writeBook(this.#parts.env.disk, this.#parts.device, this.#files);
  }

  async #lay(): Promise<"settled"> {
    if (this.#files.size === 0 || this.#shown !== undefined) return "settled";
    const { host, folder, device, env } = this.#parts;
    const stop = new AbortController();
    const shown: Shown = {
      files: this.#files,
      read: (content, from, to) => this.#contents.read(content, from, to),
      mark: `mount ${device}`,
    };
    const ended = host
      .show(folder, shown, stop.signal)
      .catch((error: unknown) => env.log.warn("mounted data is not shown for a moment", { folder, error }))
      .finally(() => (this.#shown = undefined));
    this.#shown = { stop, ended };
    return "settled";
  }

  async #take(): Promise<void> {
    this.#shown?.stop.abort();
    await this.#shown?.ended;
  }
}

/** Sources that take data tell where it is shown, too. */
export const showing = <S extends { readonly takesData?: boolean }>(
  sources: readonly S[],
  mounts: Mounts | undefined,
): readonly (S & { readonly mountFolder?: string })[] =>
  sources.map((each) => (each.takesData && mounts ? { ...each, mountFolder: mounts.place } : each));
