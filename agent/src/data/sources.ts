import { idMaker, type Env } from "@edgemere/protocol/kit";
import type { Host } from "../host/host.ts";
import type { Outbox } from "../link/outbox.ts";
import { INDEX_FOLDER, indexFileOf } from "./kept-index.ts";
import type { Condition, RecordingPlan } from "./recording/plan.ts";
import { SnapshotDuty, type Taken } from "./recording/snapshot-duty.ts";
import { StreamDuty } from "./recording/stream-duty.ts";
import { SourceDuty } from "./source-duty.ts";
import type { Source } from "./report.ts";

export interface DataSourcesParts {
  readonly env: Env;
  readonly host: Host;
  readonly outbox: Outbox;
  readonly config: { readonly sources: readonly Source[]; readonly dataEvery: number };
}

/** Looks at the configured directories and tells what they hold when it changed. */
export class DataSources implements AsyncDisposable {
  readonly #parts: DataSourcesParts;
  readonly #duties: ReadonlyMap<string, SourceDuty>;
  readonly #recordings: ReadonlyMap<string, StreamDuty | SnapshotDuty>;

  constructor(parts: DataSourcesParts) {
    this.#parts = parts;
    const newId = idMaker(parts.env);
    // A duty of its own for each: a slow disk does not hold up the others.
    this.#duties = new Map(
      parts.config.sources.map((source) => [source.name, new SourceDuty({ ...parts, source, newId })]),
    );
    this.#recordings = new Map(
      parts.config.sources.flatMap((source) =>
        source.records === undefined ? [] : [[source.name, this.#recording(source, source.records)]],
      ),
    );
  }

  start(): void {
    for (const duty of [...this.#recordings.values(), ...this.#duties.values()]) duty.start();
    void this.#forgetOthers();
  }

  /** The source of a name, as it was configured. */
  find(name: string): Source | undefined {
    return this.#parts.config.sources.find((source) => source.name === name);
  }

  /** Where content lies, by its SHA-256 (hex), as it was told last; undefined where it is not. */
  holding(
    sha256: string,
  ): { readonly path: string; readonly roots: readonly string[]; readonly bytes: number } | undefined {
    for (const source of this.#parts.config.sources) {
      const item = this.#duties.get(source.name)?.holding(sha256);
      const folder = source.path.replace(/\/+$/, "");
      if (item !== undefined) return { path: `${folder}/${item.name}`, roots: [folder], bytes: item.bytes };
    }
    return undefined;
  }

  /** Looks at a source now, and not when its time comes: something was put there under that name, or taken away. */
  lookAt(name: string, placed?: string): void {
    this.#duties.get(name)?.look(placed);
  }

  /** Tells all that a source holds, now; gives how many files that were last. Undefined where there is no such source. */
  tellAll(name: string): number | undefined {
    return this.#duties.get(name)?.tellAll();
  }

  /** Takes a snapshot now; undefined where no database fills the source. */
  snapshot(name: string): Promise<Taken> | undefined {
    const recording = this.#recordings.get(name);
    return recording instanceof SnapshotDuty ? recording.take() : undefined;
  }

  /** Tells how every index stands: whoever hears it may be on an old disk. */
  confirm(): void {
    for (const duty of this.#duties.values()) duty.confirm();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#recordings.values()].map((recording) => recording[Symbol.asyncDispose]()));
    await Promise.all([...this.#duties.values()].map((duty) => duty[Symbol.asyncDispose]()));
  }

  #recording(source: Source, plan: RecordingPlan): StreamDuty | SnapshotDuty {
    const duty = this.#duties.get(source.name);
    const about = {
      env: this.#parts.env,
      host: this.#parts.host,
      source,
      mark: `data-${indexFileOf(source.name)}`,
      placed: (name: string) => duty?.look(name),
      stands: (condition: Condition | undefined) => duty?.stands(condition),
    };
    return plan.kind === "stream" ? new StreamDuty({ ...about, plan }) : new SnapshotDuty({ ...about, plan });
  }

  /** What is kept of sources that are configured no more. */
  async #forgetOthers(): Promise<void> {
    const { disk, log } = this.#parts.env;
    const ours = new Set(this.#parts.config.sources.map(({ name }) => indexFileOf(name)));
    try {
      for (const file of await disk.list(INDEX_FOLDER))
        if (!ours.has(file)) await disk.remove(`${INDEX_FOLDER}/${file}`);
    } catch (error) {
      log.debug("indexes of former data sources stay", { error });
    }
  }
}
