import { chainedRecording, RECORDING_ROOT, TerminalRecording, type RecordingHead } from "@edgemere/protocol";
import type { Appender, Clock, Disk } from "@edgemere/protocol/kit";

const FOLDER = "terminals";
/** Of older ones nobody asks the device: the control plane has them too. */
const KEPT = 10;
/** Beyond it nothing more is written of one terminal; the chain goes on over all of it. */
const LARGEST = 4 * 1024 ** 2;

/** The device's own recording of a terminal, in a file, with a chain over its lines. Each line is written before it is shown. */
export class DeviceRecording {
  readonly #recording: TerminalRecording;
  readonly #clock: Clock;
  readonly #file: Appender;
  #head = RECORDING_ROOT;
  #isCut = false;
  #isBroken = false;

  constructor(recording: TerminalRecording, file: Appender, clock: Clock) {
    this.#recording = recording;
    this.#file = file;
    this.#clock = clock;
  }

  /** Begins a file, and forgets the oldest. Rejects when it cannot be written. */
  static async open(
    command: string,
    head: Omit<RecordingHead, "startedAt">,
    { disk, clock }: { readonly disk: Disk; readonly clock: Clock },
  ) {
    const names = await disk.list(FOLDER);
    for (const name of names.slice(0, Math.max(0, names.length - KEPT + 1))) await disk.remove(`${FOLDER}/${name}`);
    const recording = new TerminalRecording({ ...head, startedAt: clock.now() }, clock.monotonic());
    const opened = new DeviceRecording(recording, await disk.append(`${FOLDER}/${command}.cast`), clock);
    await opened.#write(recording.head);
    return opened;
  }

  /** Resolves when it is written. */
  output(bytes: Uint8Array): Promise<void> {
    return this.#write(this.#recording.output(bytes, this.#clock.monotonic()));
  }

  size(size: { readonly columns: number; readonly rows: number }): Promise<void> {
    return this.#write(this.#recording.size(size, this.#clock.monotonic()));
  }

  /** Ends it, durably; gives the head of the chain and the hash of all that was shown. */
  async end(why: string) {
    // Of one that could not be written no more is tried: why it ended is told all the same.
    if (!this.#isBroken) {
      await this.#write(this.#recording.end(why, this.#clock.monotonic()));
      await this.#file.sync();
    }
    await this.#file.close();
    return { recordingHead: Buffer.from(this.#head, "hex"), outputHash: this.#recording.shownHash() };
  }

  async #write(lines: string): Promise<void> {
    if (lines === "") return;
    this.#head = chainedRecording(this.#head, lines);
    if (this.#isCut) return;
    this.#isCut = this.#file.size + lines.length > LARGEST;
    await this.#file.write(Buffer.from(lines)).catch((error: unknown) => {
      this.#isBroken = true;
      throw error;
    });
  }
}
