import type { Program } from "../host.ts";
import { OutputPipe } from "./output-pipe.ts";

type Limited = Pick<Program, "maxOutputBytes" | "onOutput">;

/** What a program writes, up to its limit; what is above is counted. */
export class CountedOutput {
  readonly #program: Limited;
  outputBytes = 0;
  droppedBytes = 0;

  constructor(program: Limited) {
    this.#program = program;
  }

  /** Rejects when the system has none to give. */
  pipe(channel: "stdout" | "stderr"): Promise<OutputPipe> {
    const { maxOutputBytes, onOutput } = this.#program;
    const take = (bytes: Uint8Array) => {
      const kept = bytes.subarray(0, Math.max(0, maxOutputBytes - this.outputBytes));
      this.outputBytes += kept.length;
      this.droppedBytes += bytes.length - kept.length;
      return kept.length > 0 ? onOutput?.(channel, kept) : undefined;
    };
    return OutputPipe.open(take);
  }
}
