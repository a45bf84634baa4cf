import {
  TerminalLine,
  terminalWindows,
  type TerminalEndWord,
  type TerminalHeard,
  type TerminalKey,
  type TerminalSeal,
  type v1,
} from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { TerminalNews, TerminalSeat, TerminalViewer } from "../../platform/terminal-door.ts";
import type { Recorder } from "./recorder.ts";

/** So long a terminal waits for somebody to come back to it. */
const ALONE = 30 * SECOND;
/** So long its end is acknowledged, and what was shown last is shown. */
const LAST_WORDS = 2 * SECOND;
/** Of what is typed: more waits where it was typed. */
const MOST_TYPED = terminalWindows.down;

const HANG_UP: TerminalEndWord = { reason: "", detail: "somebody left", exitCode: 0, signal: "" };

type Ended = Extract<TerminalNews, { readonly state: "ended" }>;

interface Opening {
  readonly command: string;
  readonly seal: TerminalSeal;
  readonly recorder: Recorder;
  readonly send: (frame: v1.TerminalFrame.$Shape) => void;
}

/** One terminal at the control plane, from the wish for it to its end: the device's frames on one side, whoever looks on the other. */
export class TerminalPlace {
  readonly job: string;
  /** Told once, when it is over for whatever reason. */
  readonly #onOver: (ended: Ended) => void;
  readonly #clock: Clock;
  key: TerminalKey | undefined;
  command: string | undefined;
  #recorder: Recorder | undefined;
  #line: TerminalLine | undefined;
  #viewer: TerminalViewer | undefined;
  #aloneSince: number;
  // What was written down and not shown yet, which is at most a window of it, and where that begins.
  #unseen: Uint8Array[] = [];
  #from = 0;
  #tellOpened = () => {};
  /** What is typed before waits for it. */
  readonly #opened = new Promise<void>((resolve) => (this.#tellOpened = resolve));
  #isShowing = false;
  /** Characters that were typed here. */
  #typed = 0;
  #writing: Promise<void> = Promise.resolve();
  #ended: Ended | undefined;

  constructor(job: string, clock: Clock, onOver: (ended: Ended) => void) {
    this.job = job;
    this.#clock = clock;
    this.#onOver = onOver;
    this.#aloneSince = clock.monotonic();
  }

  get isOpen(): boolean {
    return this.#line !== undefined;
  }

  /** Nobody has looked at it for so long that nobody will. */
  get isForsaken(): boolean {
    return this.#viewer === undefined && this.#clock.monotonic() - this.#aloneSince >= ALONE;
  }

  open({ command, seal, recorder, send }: Opening): void {
    if (this.#ended !== undefined) return;
    this.#recorder = recorder;
    this.#line = new TerminalLine({
      clock: this.#clock,
      command,
      seal,
      sends: terminalWindows.down,
      hears: terminalWindows.up,
      send,
      hear: (heard) => this.#heard(heard),
      lost: (reason, detail) => void this.end({ reason: reason === "unheard" ? "device-silent" : reason, detail }),
    });
    this.#line.start();
    this.#tellOpened();
    this.#viewer?.tell({ state: "open" });
  }

  receive(frame: v1.TerminalFrame.$Properties): void {
    this.#line?.receive(frame);
  }

  /** The device has a new connection. */
  sayAgain(): void {
    this.#line?.sayAgain();
  }

  sit(viewer: TerminalViewer, seen: number): TerminalSeat {
    // Whoever sat there before is at another window: one at a time.
    this.#viewer?.tell({ state: "ended", reason: "", detail: "somebody else sat down here" });
    this.#viewer = viewer;
    this.#seen(Math.max(0, seen - this.#from));
    viewer.tell(this.#ended ?? { state: this.isOpen ? "open" : "waiting" });
    void this.#show();
    return {
      typed: this.#typed,
      type: async (text, from) => {
        await this.#opened;
        const fresh = text.slice(Math.max(0, this.#typed - from));
        this.#typed += fresh.length;
        this.#line?.write(Buffer.from(fresh));
        await this.#line?.untilWaiting(MOST_TYPED);
      },
      resize: (size) => {
        void this.#opened.then(() => {
          this.#line?.say({ size });
          this.#write(async (recorder) => recorder.size(size));
        });
      },
      hangUp: () => this.hangUp(),
      [Symbol.dispose]: () => {
        if (this.#viewer !== viewer) return;
        this.#viewer = undefined;
        this.#aloneSince = this.#clock.monotonic();
      },
    };
  }

  /** Asks the device to end it. */
  hangUp(): void {
    this.#line?.say({ end: HANG_UP });
  }

  /** Ends it here: written down, told, and forgotten. */
  async end(ended: Omit<Ended, "state">): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#ended = { state: "ended", ...ended };
    this.#tellOpened();
    await this.#writing;
    await this.#recorder?.end(ended).catch(() => {});
    const shown = new AbortController();
    // Also so long its device hears that its last word arrived.
    await Promise.race([this.#shownAll(shown.signal), this.#clock.sleep(LAST_WORDS, shown.signal)]);
    shown.abort();
    this.#viewer?.tell(this.#ended);
    await this.#clock.sleep(LAST_WORDS);
    this.#line?.[Symbol.dispose]();
    this.#onOver(this.#ended);
  }

  #heard(heard: TerminalHeard): void {
    if ("end" in heard) {
      const { reason, detail, exitCode, signal } = heard.end;
      const end = signal === "" ? { detail, exitCode } : { detail: `${detail}, by signal ${signal}` };
      return void this.#writing.then(() => this.end({ reason, ...end }));
    }
    if (!("data" in heard)) return;
    const { data } = heard;
    this.#write(async (recorder) => {
      await recorder.output(data);
      this.#unseen.push(data);
      void this.#show();
      if (recorder.isFull) await this.#refuse("recording-full", "its recording is as large as one may be");
    });
  }

  /** In its order. What cannot be written down is not shown, and the terminal ends. */
  #write(write: (recorder: Recorder) => Promise<void>): void {
    this.#writing = this.#writing.then(async () => {
      if (this.#recorder === undefined || this.#ended !== undefined) return;
      await write(this.#recorder).catch((error: unknown) =>
        this.#refuse("cannot-record", error instanceof Error ? error.message : "it cannot be written down"),
      );
    });
  }

  async #refuse(reason: string, detail: string): Promise<void> {
    this.hangUp();
    // Not awaited: it waits for what is being written, which is this.
    void this.end({ reason, detail });
  }

  async #show(): Promise<void> {
    if (this.#isShowing) return;
    this.#isShowing = true;
    try {
      while (this.#unseen.length > 0 && this.#viewer !== undefined) {
        const viewer = this.#viewer;
        const bytes = Buffer.concat(this.#unseen);
        await viewer.show({ from: this.#from, bytes });
        if (this.#viewer === viewer) this.#seen(bytes.length);
      }
    } catch {
      // Nobody looks any more; whoever sits down next is shown it.
    } finally {
      this.#isShowing = false;
    }
  }

  #seen(bytes: number): void {
    const all = Buffer.concat(this.#unseen);
    const count = Math.min(bytes, all.length);
    if (count === 0) return;
    this.#unseen = count === all.length ? [] : [all.subarray(count)];
    this.#from += count;
    this.#line?.taken(count);
  }

  async #shownAll(signal: AbortSignal): Promise<void> {
    while (this.#unseen.length > 0 && this.#viewer !== undefined && !signal.aborted) {
      await this.#show();
      await this.#clock.sleep(SECOND / 20, signal);
    }
  }
}
