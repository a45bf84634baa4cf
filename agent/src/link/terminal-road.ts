import type { v1 } from "@edgemere/protocol";

type Frame = v1.TerminalFrame.$Shape;

/** One terminal of this device, as the connection sees it. */
export interface TerminalEar {
  arrived(frame: v1.TerminalFrame.$Properties): void;
  /** There is a new connection: what may have been lost with the old one is to be said again. */
  connected(): void;
}

/** The way of terminals' frames over whatever connection there is. What is sent without one is lost, and said again by its terminal. */
export class TerminalRoad {
  readonly #ears = new Map<string, TerminalEar>();
  #publish: ((frame: Frame) => void) | undefined;

  /** Hears the frames of one terminal, until disposed of. */
  listen(command: string, ear: TerminalEar): Disposable {
    this.#ears.set(command, ear);
    return { [Symbol.dispose]: () => void this.#ears.delete(command) };
  }

  send(frame: Frame): void {
    this.#publish?.(frame);
  }

  /** A frame of a terminal that is none of ours, or is over, says nothing. */
  arrived(frame: v1.TerminalFrame.$Properties): void {
    this.#ears.get(frame.command ?? "")?.arrived(frame);
  }

  /** The connection there is now; undefined when there is none any more. */
  lead(publish: ((frame: Frame) => void) | undefined): void {
    this.#publish = publish;
    if (publish !== undefined) for (const ear of this.#ears.values()) ear.connected();
  }
}
