import { kindOfTask, openSecrets, type Command, type v1 } from "@edgemere/protocol";
import { aborted, SECOND } from "@edgemere/protocol/kit";
import type { CommandParts } from "./command-parts.ts";
import { handlers } from "./handlers/index.ts";
import type { Journal } from "./journal.ts";
import type { Step } from "./lanes.ts";
import { CommandOutputSender } from "./output.ts";
import type { Ending } from "./report.ts";
import type { CommandReporter } from "./reporter.ts";
import { markBefore, run, type RunParts, type StopCause } from "./run.ts";

export interface AttemptParts extends Omit<CommandParts, "trust" | "alerts" | "isConnected" | "earlyDeaths"> {
  readonly journal: Journal;
  readonly reporter: CommandReporter;
  readonly uptime: () => number;
}

/** "not begun": nothing is written down and nothing was done. "no effect": the start before the agent died did nothing. */
export type AttemptEnd = Ending | "not begun" | "no effect";

// How often a running command is told of again, so that it can be told from one that hangs somewhere on the way.
const SIGN_OF_PROGRESS = 30 * SECOND;

/** One start of a command, or one look at what came of an earlier start. */
export class Attempt {
  readonly command: Command;
  readonly #work: Extract<Step, { readonly step: "run" | "look" }>;
  readonly #parts: AttemptParts;
  readonly #stop = new AbortController();
  #begunAt: number | undefined;
  #toldAt = 0;

  constructor(work: Extract<Step, { readonly step: "run" | "look" }>, parts: AttemptParts) {
    this.command = work.command;
    this.#work = work;
    this.#parts = parts;
  }

  stop(cause: StopCause): void {
    if (!this.#stop.signal.aborted) this.#stop.abort(cause);
  }

  /** Rejects only when the start could not be written down: nothing was done then. */
  async run(): Promise<AttemptEnd> {
    const { env, host, outbox, refreshInventory, uptime, sealingKey, changes, upgrade } = this.#parts;
    const { messageKey, identity, terminals, files, data, arriving, mounts, policies, settings, config } = this.#parts;
    const id = this.command.command;
    const sender = new CommandOutputSender({ command: id, outbox, clock: env.clock, log: env.log });
    const context = {
      command: id,
      host,
      signal: this.#stop.signal,
      output: (channel: "stdout" | "stderr", bytes: Uint8Array) => sender.write(channel, bytes),
      secrets: (box: v1.SealedBox.$Shape) => openSecrets(box, sealingKey, this.command),
      terminal: { ...env, host, road: terminals, messageKey, identity: namesOf(identity) },
      changes,
      files,
      data,
      arriving,
      mounts,
      policies,
      settings,
      upgrade,
      logRoots: config.logRoots ?? [],
      refreshInventory,
      uptime,
    };
    const end = await this.#carryOut({ clock: env.clock, handlers, context });
    await sender.end();
    return end;
  }

  /** Says that the command still runs, when it has not been said for a while. */
  async tellProgress(): Promise<void> {
    const now = this.#parts.env.clock.monotonic();
    if (this.#begunAt === undefined || now - this.#toldAt < SIGN_OF_PROGRESS) return;
    this.#toldAt = now;
    await this.#parts.reporter.progress(this.command.command, "running", this.#begunAt);
  }

  async #carryOut(parts: RunParts): Promise<AttemptEnd> {
    const { command } = this;
    const { signal } = this.#stop;
    if (this.#work.step === "look") return this.#begin(() => run(command, parts, this.#stop, markOf(this.#work)));

    const mark = await Promise.race([markBefore(command, parts), aborted(signal)]);
    if (signal.aborted) return "not begun";
    // It may have waited for its lane for hours: what holds is the rule of the moment in which it starts.
    await this.#parts.policy.look();
    const rule = this.#parts.policy.forbids(command, this.#parts.correctedNow());
    if (rule !== undefined) return this.#forbidden(rule);
    if (typeof mark === "object") return mark;
    await this.#parts.journal.append({ entry: "started", id: command.command, ...(mark !== undefined && { mark }) });
    // Writing takes as long as it takes: the process may have been frozen meanwhile.
    if (command.expiresAtMs <= this.#parts.correctedNow()) return this.#tooLate();
    return this.#begin(() => run(command, parts, this.#stop));
  }

  /** The work itself, with nothing between the last look at the clock and the effect. */
  async #begin(work: () => Promise<Ending | "no effect">): Promise<Ending | "no effect"> {
    const { clock, log } = this.#parts.env;
    const ending = work();
    this.#begunAt = clock.now();
    this.#toldAt = clock.monotonic();
    const { command: id, actor, task } = this.command;
    log.info("command started", { command: id, kind: kindOfTask(task), actor, look: this.#work.step === "look" });
    await this.#parts.reporter.progress(id, "running", this.#begunAt);
    return ending;
  }

  #forbidden(detail: string): Ending {
    const hasRun = this.#work.step === "run" && this.#work.starts > 0;
    return { phase: hasRun ? "interrupted" : "rejected", reason: "forbidden-here", detail };
  }

  #tooLate(): Ending {
    const detail = "its deadline passed before it could be started";
    const hasRun = this.#work.step === "run" && this.#work.starts > 0;
    return hasRun
      ? { phase: "interrupted", reason: "agent-stopped", detail }
      : { phase: "expired", reason: "too-old", detail };
  }
}

/** What a signature binds to, and nothing of the keys that stand beside it. */
const namesOf = ({ device, trustDomain }: AttemptParts["identity"]) => ({ device, trustDomain });

const markOf = (work: Step): string | undefined => (work.step === "look" ? work.mark : undefined);
