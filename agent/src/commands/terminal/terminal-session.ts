import {
  newTerminalKey,
  seal,
  TerminalLine,
  terminalSeal,
  terminalWindows,
  type SigningKey,
  type TerminalEndWord,
  type TerminalHeard,
  type v1,
} from "@edgemere/protocol";
import { SECOND, type Clock, type Disk } from "@edgemere/protocol/kit";
import type { Host, HostTerminal, TerminalEnding } from "../../host/host.ts";
import type { TerminalRoad } from "../../link/terminal-road.ts";
import type { StopCause } from "../run.ts";
import { DeviceRecording } from "./device-recording.ts";

/** What a terminal needs of the agent around it. */
export interface TerminalSurroundings {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly host: Pick<Host, "openTerminal">;
  readonly road: TerminalRoad;
  readonly identity: { readonly device: string; readonly trustDomain: string };
  /** Signs this device's half of the key. */
  readonly messageKey: SigningKey;
}

/** What was asked for. */
export interface TerminalOrder {
  readonly command: string;
  readonly gatewayKey: Uint8Array;
  readonly reason: string;
  readonly columns: number;
  readonly rows: number;
  readonly idleTimeout: number;
}

/** How a terminal ended: by itself, or for a reason. */
export interface TerminalOutcome {
  readonly end: TerminalEndWord;
  readonly result: v1.TerminalOpenResult.$Shape;
}

type Over = "hung up" | "shell ended" | { readonly reason: string; readonly detail: string };

// More than this waits for the control plane: the shell does, too.
const MOST_WAITING = 64 * 1024;
const LAST_WORDS = SECOND;

const stopDetails: Readonly<Record<StopCause, string>> = {
  "ran-too-long": "it was open for as long as it may be",
  cancelled: "somebody cancelled it",
  "agent-stopped": "the agent stops",
};

/** One terminal, from its shell's start to the end of everything it has started. */
export class TerminalSession {
  readonly #order: TerminalOrder;
  readonly #around: TerminalSurroundings;
  readonly #line: TerminalLine;
  readonly #recording: DeviceRecording;
  readonly #counted = { input: 0, output: 0 };
  #shell: HostTerminal | undefined;
  #tellShell!: (shell: HostTerminal) => void;
  readonly #opened = new Promise<HostTerminal>((resolve) => (this.#tellShell = resolve));
  #typedAt: number;
  readonly #shown: Uint8Array[] = [];
  #showing: Promise<void> = Promise.resolve();
  #isShowing = false;
  #typing: Promise<void> = Promise.resolve();
  #isOver = false;
  #end!: (over: Over) => void;
  readonly #over = new Promise<Over>((resolve) => (this.#end = resolve));

  private constructor(order: TerminalOrder, around: TerminalSurroundings, recording: DeviceRecording) {
    const { clock, identity, messageKey, road } = around;
    const { command, gatewayKey } = order;
    this.#order = order;
    this.#around = around;
    this.#recording = recording;
    this.#typedAt = clock.monotonic();
    const own = newTerminalKey();
    const opened = { ...identity, command, gatewayKey, agentKey: own.publicKey };
    const signed = seal("terminalOpened", opened, messageKey);
    this.#line = new TerminalLine({
      clock,
      command,
      seal: terminalSeal("device", own, opened),
      sends: terminalWindows.up,
      hears: terminalWindows.down,
      // Its half of the key goes with every frame until one of the other side shows that it is known there.
      send: (frame) => road.send(this.#line.hasHeard ? frame : { ...frame, opened: signed }),
      hear: (heard) => this.#heard(heard),
      lost: (reason, detail) => this.#end({ reason, detail }),
    });
  }

  /** Opens a terminal and stays with it to its end. Throws HostError when there is no shell, others when it cannot be recorded. */
  static async run(order: TerminalOrder, around: TerminalSurroundings, signal: AbortSignal): Promise<TerminalOutcome> {
    const { columns, rows, reason: title, command } = order;
    const recording = await DeviceRecording.open(command, { columns, rows, title }, around);
    const session = new TerminalSession(order, around, recording);
    const ears = {
      arrived: (frame: v1.TerminalFrame.$Properties) => session.#line.receive(frame),
      connected: () => session.#line.sayAgain(),
    };
    using _listening = around.road.listen(command, ears);
    const stopped = () => {
      const cause = signal.reason as StopCause;
      session.#end({ reason: cause, detail: stopDetails[cause] });
    };
    signal.addEventListener("abort", stopped);
    try {
      return await session.#live();
    } catch (error) {
      await recording.end("there is no shell");
      throw error;
    } finally {
      signal.removeEventListener("abort", stopped);
      session.#isOver = true;
      session.#line[Symbol.dispose]();
    }
  }

  async #live(): Promise<TerminalOutcome> {
    const { host, clock } = this.#around;
    const { columns, rows, command } = this.#order;
    this.#line.start();
    const shell = await host.openTerminal({ columns, rows, mark: command, onOutput: (bytes) => this.#show(bytes) });
    this.#shell = shell;
    this.#tellShell(shell);
    void shell.ended.then(() => this.#end("shell ended"));
    const watched = new AbortController();
    void this.#watchIdle(watched.signal);
    const over = await this.#over;
    watched.abort();
    // Also when the shell ended by itself: what it has left behind ends with it.
    await shell.end();
    const shown = new AbortController();
    await Promise.race([this.#showing.then(() => shown.abort()), clock.sleep(LAST_WORDS, shown.signal)]);
    this.#isOver = true;
    return this.#ended(over, await shell.ended);
  }

  async #ended(over: Over, { exitCode, signalNumber }: TerminalEnding): Promise<TerminalOutcome> {
    const signal = signalNumber === undefined ? "" : String(signalNumber);
    const reason = over === "shell ended" && signal !== "" ? "ended-by-signal" : "";
    const why = typeof over === "string" ? { reason, detail: over } : over;
    const end = { ...why, exitCode, signal };
    this.#line.say({ end });
    const { recordingHead, outputHash } = await this.#recording.end(why.reason || why.detail);
    await this.#line.untilHeard(LAST_WORDS);
    const { input: inputBytes, output: outputBytes } = this.#counted;
    return { end, result: { exitCode, signal, inputBytes, outputBytes, outputHash, recordingHead } };
  }

  #heard(heard: TerminalHeard): void {
    if (this.#isOver) return;
    if ("end" in heard) return this.#end("hung up");
    this.#typedAt = this.#around.clock.monotonic();
    if ("data" in heard) this.#counted.input += heard.data.length;
    this.#typing = this.#typing.then(() => this.#pass(heard)).catch(this.#failed);
  }

  /** In its order, each when the one before is with the shell. */
  async #pass(heard: Exclude<TerminalHeard, { readonly end: unknown }>): Promise<void> {
    const shell = await this.#opened;
    if ("size" in heard) {
      shell.resize(heard.size);
      return this.#recording.size(heard.size);
    }
    await shell.write(heard.data);
    this.#line.taken(heard.data.length);
  }

  #show(bytes: Uint8Array): void {
    this.#shown.push(bytes);
    if (this.#isShowing || this.#isOver) return;
    this.#isShowing = true;
    this.#showing = this.#showAll()
      .catch(this.#failed)
      .finally(() => (this.#isShowing = false));
  }

  /** Written down first; the shell waits meanwhile, and as long as too much waits to be heard. */
  async #showAll(): Promise<void> {
    this.#shell?.pause();
    while (this.#shown.length > 0) {
      const bytes = Buffer.concat(this.#shown.splice(0));
      await this.#recording.output(bytes);
      this.#counted.output += bytes.length;
      this.#line.write(bytes);
      await this.#line.untilWaiting(MOST_WAITING);
    }
    this.#shell?.resume();
  }

  readonly #failed = (error: unknown): void =>
    this.#end({ reason: "recording-failed", detail: error instanceof Error ? error.message : "it cannot be written" });

  async #watchIdle(signal: AbortSignal): Promise<void> {
    const { clock } = this.#around;
    while (!signal.aborted) {
      const left = this.#typedAt + this.#order.idleTimeout - clock.monotonic();
      if (left <= 0)
        return this.#end({ reason: "idle", detail: `nobody typed for ${this.#order.idleTimeout / SECOND} s` });
      await clock.sleep(left, signal);
    }
  }
}
