import { MINUTE, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { isChunk, type PlacedChunk } from "../commands/files/chunks.ts";
import type { ContentRoad, Neighbour, NeighboursAnswer } from "../link/content-road.ts";
import type { NeighbourRoad } from "./taking.ts";

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
const nobody: NeighboursAnswer = { permit: "", neighbours: [] };

/** The devices on this site that have a content, for as long as one command fetches it. */
export class Neighbours {
  readonly #parts: Parts;
  readonly #restUntil = new Map<string, number>();
  #answer = nobody;
  #askedAt = -Infinity;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** A chunk as it must be, from whoever gives it first; undefined when nobody does: then it comes from the control plane. */
  async read(chunk: PlacedChunk, signal: AbortSignal): Promise<Uint8Array | undefined> {
    await this.#ask(signal);
    for (const neighbour of this.#answer.neighbours) {
      if ((this.#restUntil.get(neighbour.device) ?? -Infinity) > this.#parts.clock.monotonic()) continue;
      const content = await this.#from(neighbour, chunk, signal);
      if (content !== undefined || signal.aborted) return content;
    }
    return undefined;
  }

  async #from(neighbour: Neighbour, chunk: PlacedChunk, signal: AbortSignal): Promise<Uint8Array | undefined> {
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
      this.#restUntil.set(device, clock.monotonic() + RESTS);
      log.debug("a neighbour gives nothing now", { device, error });
    }
    return undefined;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { road, command, clock, log } = this.#parts;
    const now = clock.monotonic();
    if (now - this.#askedAt < ASKED_AGAIN) return;
    this.#askedAt = now;
    this.#answer = await road.neighbours(command, signal).catch((error: unknown) => {
      log.debug("no neighbours are known", { error });
      return nobody;
    });
  }
}
