import { pauseBefore, SECOND, type Clock, type Log, type Random } from "@edgemere/protocol/kit";
import type { Arriving } from "../../neighbours/arriving.ts";
import type { FileTransfers } from "../../host/file-transfers.ts";
import { ContentLater, ContentRefused, type ContentRoad } from "../../link/content-road.ts";
import type { NeighbourRoad } from "../../neighbours/taking.ts";
import type { Pace } from "./pace.ts";
import type { PartFiles } from "./part-files.ts";

/** What commands need that move files. */
export interface FileSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** Absent where nothing comes or goes beside MQTT. */
  readonly road: ContentRoad | undefined;
  readonly transfers: FileTransfers | undefined;
  /** The way to devices on the same site; absent where this one has nothing to do with them. */
  readonly neighbours?: NeighbourRoad | undefined;
  /** Told which device gave wrong bytes. */
  readonly lied: (device: string, detail: string) => void;
  readonly log: Log;
  readonly pace: Pace;
  readonly parts: PartFiles;
  /** Told what is on its way and may be given on; absent where nothing is. */
  readonly arriving?: Arriving | undefined;
  /** The folders that the host's owner opened. */
  readonly roots: readonly string[];
}

/** It was told to end before the content was there. */
export class TransferStopped extends Error {
  constructor() {
    super("it was stopped before all of the content was there");
    this.name = "TransferStopped";
  }
}

const BACKOFF = { first: SECOND, longest: 60 * SECOND };
const TOLD_EVERY = 5 * SECOND;

/** Tries until it succeeds or is refused for good: how long that may last is for the command's time to say. */
export async function persistently<T>(
  attempt: () => Promise<T>,
  { clock, random }: Pick<FileSurroundings, "clock" | "random">,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    if (signal.aborted) throw new TransferStopped();
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof ContentRefused) throw error;
      const asked = error instanceof ContentLater ? (error.wait ?? 0) : 0;
      await clock.sleep(Math.max(asked, pauseBefore(failures, BACKOFF, random)), signal);
    }
  }
}

/** Says how far it is, and not too often. */
export function teller(clock: Clock, say: (text: string) => Promise<void> | void, verb: string) {
  let toldAt = -Infinity;
  return async (done: number, bytes: number): Promise<void> => {
    const now = clock.monotonic();
    if (now - toldAt < TOLD_EVERY && done < bytes) return;
    toldAt = now;
    await say(`${verb} ${done} of ${bytes} bytes\n`);
  };
}
