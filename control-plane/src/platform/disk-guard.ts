import type { Disk, Log, Random } from "@edgemere/protocol/kit";

export const storageStates = ["normal", "low", "readonly"] as const;
export type StorageState = (typeof storageStates)[number];

/** Free space below which something is done: a share of the disk up to so many bytes, or bytes. */
export type Threshold = { readonly percent: number } | { readonly bytes: number };

export interface DiskLimits {
  /** Below it an alarm. */
  readonly low: Threshold;
  /** Below it nothing that grows is taken any more. */
  readonly readonly: Threshold;
  /** Kept as a file that can be given away in need; less on a small disk. */
  readonly ballastBytes: number;
}

export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** How the disk is, and below which free bytes that changes. */
export interface StorageStatus extends Space {
  readonly state: StorageState;
  readonly lowBelow: number;
  readonly readonlyBelow: number;
  readonly ballastBytes: number;
}

const GIB = 1024 ** 3;
// A tenth of a large disk would be terabytes that nobody may use.
const MOST = { low: 10 * GIB, readonly: 5 * GIB };
// A state is left only when there is that much more than what led into it: no flapping at the edge.
const EASE = 1.1;
const BALLAST_SHARE = 16;
const PIECE = 1024 ** 2;
const FILE = "ballast";

function thresholdBytes(threshold: Threshold, totalBytes: number, most: number): number {
  if ("bytes" in threshold) return threshold.bytes;
  return Math.min(Math.floor((totalBytes * threshold.percent) / 100), most);
}

/** The ballast fits the disk: it must never be what fills it. */
export const ballastFor = (wanted: number, totalBytes: number): number =>
  Math.min(wanted, Math.floor(totalBytes / BALLAST_SHARE));

/** How the disk is now, given how it was. Ballast that was given away counts as missing: what it freed is not ours to fill. */
export function judge(before: StorageState, space: Space, limits: DiskLimits, ballastBytes: number): StorageStatus {
  const { totalBytes } = space;
  const freeBytes = Math.max(0, space.freeBytes - (ballastFor(limits.ballastBytes, totalBytes) - ballastBytes));
  const readonlyBelow = thresholdBytes(limits.readonly, totalBytes, MOST.readonly);
  const lowBelow = Math.max(readonlyBelow, thresholdBytes(limits.low, totalBytes, MOST.low));
  const isBelow = (threshold: number, wasBelow: boolean) => freeBytes < threshold * (wasBelow ? EASE : 1);
  const state = isBelow(readonlyBelow, before === "readonly")
    ? "readonly"
    : isBelow(lowBelow, before !== "normal")
      ? "low"
      : "normal";
  return { state, freeBytes, totalBytes, lowBelow, readonlyBelow, ballastBytes };
}

interface Parts {
  readonly disk: Disk;
  readonly random: Random;
  readonly log: Log;
  readonly limits: DiskLimits;
}

/** Watches the free space of the data folder, and keeps ballast to give away when the database needs room to get up again. */
export class DiskGuard {
  readonly #parts: Parts;
  #ballast = 0;
  #status: StorageStatus;
  #looking: Promise<StorageStatus> | undefined;

  private constructor(parts: Parts, status: StorageStatus) {
    this.#parts = parts;
    this.#status = status;
  }

  /** Looks at the disk, and finds the ballast or makes it. */
  static async start(parts: Parts): Promise<DiskGuard> {
    const space = await parts.disk.space();
    const guard = new DiskGuard(parts, judge("normal", space, parts.limits, 0));
    if ((await parts.disk.list("")).includes(FILE)) {
      const ballast = await parts.disk.append(FILE);
      guard.#ballast = ballast.size;
      await ballast.close();
    }
    await guard.look();
    return guard;
  }

  get status(): StorageStatus {
    return this.#status;
  }

  get isReadOnly(): boolean {
    return this.#status.state === "readonly";
  }

  /** Looks at the disk; makes the ballast anew when there is room for it. */
  look(): Promise<StorageStatus> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Gives the ballast away: room for a database that must be opened. */
  async release(): Promise<void> {
    if (this.#ballast === 0) return;
    this.#parts.log.warn("ballast given away, so that the store has room", { bytes: this.#ballast });
    await this.#parts.disk.remove(FILE);
    this.#ballast = 0;
    await this.look();
  }

  async #look(): Promise<StorageStatus> {
    const { disk, limits } = this.#parts;
    this.#status = judge(this.#status.state, await disk.space(), limits, this.#ballast);
    const wanted = ballastFor(limits.ballastBytes, this.#status.totalBytes);
    if (this.#status.state !== "readonly" && this.#ballast < wanted) await this.#fill(wanted);
    return this.#status;
  }

  /** Bytes that no file system can press together or leave out. */
  async #fill(wanted: number): Promise<void> {
    const { disk, random, log } = this.#parts;
    const file = await disk.append(FILE);
    try {
      while (file.size < wanted) await file.write(random.bytes(Math.min(PIECE, wanted - file.size)));
      await file.sync();
    } catch (error) {
      log.warn("ballast not made", { error });
    } finally {
      this.#ballast = file.size;
      await file.close();
    }
  }
}
