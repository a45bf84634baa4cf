import { MINUTE, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { isChunk, type PlacedChunk } from "../commands/files/chunks.ts";
import type { ContentRoad, Neighbour, NeighboursAnswer } from "../link/content-road.ts";
import { NotHere, type NeighbourRoad } from "./taking.ts";

interface Parts {
  /** The command whose content is fetched. */
  readonly command: string;
  readonly road: Pick<ContentRoad, "neighbours">;
  readonly neighbours: NeighbourRoad;
  readonly clock: Clock;
  readonly log: Log;
  /** Told who gave wrong bytes. */
  readonly lied: (device: string, detail: string) => void;
}

/** Those that refuse or are slow are left alone for so long. */
const RESTS = 30 * SECOND;
const ASKED_AGAIN = 5 * MINUTE;
/** Who waits for one that does not say itself that it fetches the content wants to hear soon when it does so no more. */
const ASKED_AGAIN_UNSURE = 30 * SECOND;
const LOOKED_EVERY = SECOND;
/** After so many in a row it is not there any more. */
const FAILURES = 4;
/** When nobody gave anything for so long, it is not waited for any more: a chunk takes a minute on a line of 64 kbit/s. */
const PATIENCE = 5 * MINUTE;
const nobody: NeighboursAnswer = { permit: "", neighbours: [] };

/** The devices on this site that have a content, for as long as one command fetches it. */
export class Neighbours {
  readonly #parts: Parts;
  readonly #restUntil = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #answer = nobody;
  #askedAt = -Infinity;
  #gaveAt: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#gaveAt = parts.clock.monotonic();
  }

  /** A chunk as it must be, from whoever gives it first; undefined when nobody does: then it comes from the control plane. */
  async read(chunk: PlacedChunk, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { clock } = this.#parts;
    for (let again = ASKED_AGAIN; ;) {
      await this.#ask(again, signal);
      let isComing = false;
      for (const neighbour of this.#answer.neighbours) {
        if ((this.#restUntil.get(neighbour.device) ?? -Infinity) > clock.monotonic()) continue;
        const content = await this.#from(neighbour, chunk, signal);
        if (signal.aborted) return undefined;
        if (content instanceof Uint8Array) {
          this.#failures.delete(neighbour.device);
          this.#gaveAt = clock.monotonic();
          return content;
        }
        isComing = content !== undefined;
        again = content === "unsure" ? ASKED_AGAIN_UNSURE : ASKED_AGAIN;
        // Those that have all of it were asked before: of the others one is waited for.
        if (isComing) break;
      }
      if (!isComing || clock.monotonic() - this.#gaveAt >= PATIENCE) return undefined;
      await clock.sleep(LOOKED_EVERY, signal);
    }
  }

  async #from(
    neighbour: Neighbour,
    chunk: PlacedChunk,
    signal: AbortSignal,
  ): Promise<Uint8Array | "coming" | "unsure" | undefined> {
    const { neighbours, clock, log, lied } = this.#parts;
    const { device } = neighbour;
    try {
      const ask = { permit: this.#answer.permit, from: chunk.from, limit: chunk.bytes };
      const content = await neighbours.fetch(neighbour, ask, signal);
      if (isChunk(chunk, content)) return content;
      // It costs this one chunk: of this content nothing more is fetched there.
      this.#restUntil.set(device, Infinity);
      lied(
        device,
        `the device ${device} gave ${content.length} wrong bytes in place of ${chunk.bytes} from ${chunk.from} on`,
      );
    } catch (error) {
      if (neighbour.isComing === true && this.#isPassing(device, error))
        return error instanceof NotHere && error.isComing ? "coming" : "unsure";
      this.#restUntil.set(device, clock.monotonic() + RESTS);
      log.debug("a neighbour gives nothing now", { device, error });
    }
    return undefined;
  }

  /** It does not have it yet, or could not be reached now: who fetches is busy, and where all begin at once so is everybody. */
  #isPassing(device: string, error: unknown): boolean {
    const failures = error instanceof NotHere ? 0 : (this.#failures.get(device) ?? 0) + 1;
    this.#failures.set(device, failures);
    return failures < FAILURES;
  }

  async #ask(again: number, signal: AbortSignal): Promise<void> {
    const { road, command, clock, log } = this.#parts;
    const now = clock.monotonic();
    if (now - this.#askedAt < again) return;
    this.#askedAt = now;
    this.#answer = await road.neighbours(command, signal).catch((error: unknown) => {
      log.debug("no neighbours are known", { error });
      return nobody;
    });
  }
}
