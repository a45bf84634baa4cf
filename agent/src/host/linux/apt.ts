import { SECOND, type Clock } from "@edgemere/protocol/kit";
import { HostError, type PackageRequest } from "../host.ts";
import { isLocked } from "./package-texts.ts";
import { minimalEnvironment } from "./programs.ts";
import type { Runner } from "./run.ts";

/** What is needed to speak with apt and dpkg. */
export interface PackageMachine {
  readonly run: Runner;
  readonly clock: Clock;
  /** Added to the environment: where apt and dpkg keep what they know, if not in the usual places. */
  readonly environment?: Readonly<Record<string, string>>;
}

const BETWEEN_TRIES = 3 * SECOND;
const MOST_OUTPUT = 1024 ** 2;
// Enough for the words at the end of what failed.
const REMEMBERED = 64 * 1024;

export interface Answer {
  readonly exitCode: number | undefined;
  readonly text: string;
}

type Asking = Pick<PackageRequest, "lockWait" | "signal" | "onOutput">;

/** One conversation with apt and dpkg: nothing is asked of a person, what is held by others is waited for, and output is counted. */
export class Apt {
  outputBytes = 0;
  droppedBytes = 0;
  readonly #machine: PackageMachine;
  readonly #asking: Asking;
  readonly #deadline: number;

  constructor(machine: PackageMachine, asking: Asking) {
    this.#machine = machine;
    this.#asking = asking;
    this.#deadline = machine.clock.monotonic() + asking.lockWait;
  }

  /** Asks without telling anybody: of what dpkg and apt know. */
  async question(...argv: readonly [string, ...string[]]): Promise<Answer> {
    const chunks: Uint8Array[] = [];
    const { exitCode } = await this.#machine.run({
      argv,
      cwd: "/",
      env: this.#environment(),
      maxOutputBytes: 64 * MOST_OUTPUT,
      onOutput: (_channel, bytes) => void chunks.push(Buffer.from(bytes)),
      signal: this.#asking.signal,
    });
    return { exitCode, text: Buffer.concat(chunks).toString() };
  }

  /** Has something done. Throws HostError when others hold the lock for too long. */
  async order(...argv: readonly [string, ...string[]]): Promise<Answer> {
    const { clock } = this.#machine;
    const { signal, lockWait } = this.#asking;
    for (let isFirst = true; ; isFirst = false) {
      const answer = await this.#attempt(argv, isFirst);
      if (answer.exitCode === 0 || !isLocked(answer.text) || signal.aborted) return answer;
      if (clock.monotonic() + BETWEEN_TRIES > this.#deadline) {
        const words = answer.text.trim().split("\n").filter(isLocked).join("\n");
        throw new HostError(
          "busy",
          `another program of this device held the packages for ${lockWait / SECOND} s: ${words}`,
        );
      }
      await clock.sleep(BETWEEN_TRIES, signal);
    }
  }

  async #attempt(argv: readonly [string, ...string[]], isFirst: boolean): Promise<Answer> {
    let text = "";
    const { exitCode, droppedBytes } = await this.#machine.run({
      argv,
      cwd: "/",
      env: this.#environment(),
      maxOutputBytes: Math.max(REMEMBERED, MOST_OUTPUT - this.outputBytes),
      onOutput: (channel, bytes) => {
        text = (text + Buffer.from(bytes).toString()).slice(-REMEMBERED);
        // That the lock is still held is told once.
        if (!isFirst && isLocked(Buffer.from(bytes).toString())) return undefined;
        this.outputBytes += bytes.length;
        return this.#asking.onOutput(channel, bytes);
      },
      signal: this.#asking.signal,
    });
    this.droppedBytes += droppedBytes;
    return { exitCode, text };
  }

  #environment(): Readonly<Record<string, string>> {
    return {
      LC_ALL: "C.UTF-8",
      // dpkg refuses to work without the programs of the system's own folders.
      PATH: `${minimalEnvironment().PATH}:/usr/local/sbin:/usr/sbin:/sbin`,
      DEBIAN_FRONTEND: "noninteractive",
      DEBIAN_PRIORITY: "critical",
      APT_LISTCHANGES_FRONTEND: "none",
      // It says what should be restarted; doing so is somebody's decision.
      NEEDRESTART_MODE: "l",
      ...this.#machine.environment,
    };
  }
}
