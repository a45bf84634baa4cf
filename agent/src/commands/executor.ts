import { limits, type Command, type v1 } from "@edgemere/protocol";
import { Reconciler, SECOND } from "@edgemere/protocol/kit";
import type { CommandDuty, CommandStatus } from "../link/down.ts";
import { safeModeDetail } from "./admission.ts";
import { Attempt, type AttemptEnd } from "./attempt.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { GenerationFence } from "./generation-fence.ts";
import { takeIn } from "./intake.ts";
import { judging } from "./judging.ts";
import type { JournalEntry } from "./journal-entry.ts";
import type { EndedCommand } from "./journal-state.ts";
import { nextSteps, onInterrupt, type Step } from "./lanes.ts";
import { takeOwn, type OwnCommand } from "./own-command.ts";
import type { CommandParts } from "./command-parts.ts";
import { openJournal, type OpenedJournal } from "./open-journal.ts";
import { endedEntry, phaseWord, readReport, type Ending } from "./report.ts";
import { CommandReporter } from "./reporter.ts";

// More ends than this that could not be told: nothing is taken in before some are.
const MOST_UNTOLD = 1_000;

/** Reads the journal of a former run. Nothing runs before `start`. */
export async function openCommands(parts: CommandParts): Promise<CommandExecutor> {
  const hasTerminal = parts.config.allow.includes("terminal.open") && (await parts.host.hasTerminal());
  if (parts.config.allow.includes("terminal.open") && !hasTerminal)
    parts.env.log.warn(
      "terminals are allowed, and this device can open none: node-pty is missing, or does not load here",
    );
  return new CommandExecutor(parts, await openJournal(parts.env), hasTerminal);
}

/**
 * Carries out commands: each is written down before it is received, before it starts and before its end is told. Whatever
 * dies meanwhile, it gets one final report, and what must run once never runs twice.
 */
export class CommandExecutor implements CommandDuty, AsyncDisposable {
  readonly capabilities: readonly string[];
  readonly #parts: CommandParts;
  readonly #opened: OpenedJournal;
  readonly #reporter: CommandReporter;
  readonly #fence: GenerationFence;
  readonly #loop: Reconciler;
  readonly #startedAt: number;
  readonly #running = new Map<string, { readonly attempt: Attempt; readonly done: Promise<void> }>();
  readonly #ends = new Map<string, AttemptEnd>();
  readonly #cancelled = new Set<string>();
  readonly #looked = new Set<string>();
  #arriving: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  constructor(parts: CommandParts, opened: OpenedJournal, hasTerminal: boolean) {
    const { clock, log } = parts.env;
    this.#parts = parts;
    this.#opened = opened;
    this.#reporter = new CommandReporter(parts);
    this.#startedAt = clock.monotonic();
    this.#fence = new GenerationFence(parts.env, opened.journal);
    this.capabilities = capabilitiesOf(parts, hasTerminal);
    const onError = (error: unknown) => log.error("commands wait: their journal or reports cannot be kept", { error });
    const step = () => this.#step();
    this.#loop = new Reconciler({ name: "carry out commands", every: 10 * SECOND, step, onError }, clock);
  }

  /** Goes on where a former run was stopped. */
  async start(): Promise<void> {
    const { setAside, journal } = this.#opened;
    await this.#parts.policy.look();
    const earlyDeaths = this.#parts.earlyDeaths();
    if (setAside !== undefined) await this.#reporter.event("journal-set-aside", setAside);
    if (earlyDeaths > 0) await this.#reporter.event("safe-mode", safeModeDetail(earlyDeaths));
    await this.#killLeftBehind();
    const open = new Set(journal.state.open.keys());
    await this.#parts.files.parts.sweep(open, this.#parts.host.transfers);
    await this.#parts.upgrade.parts.releases?.sweep(open);
    for (const [id, { starts }] of journal.state.open) if (starts === 0) await this.#reporter.progress(id, "journaled");
    this.#loop.start();
  }

  hear(generation: number): Promise<boolean> {
    return this.#inOrder(() => {
      // One that was restored has forgotten what the one before was told.
      if (generation > this.#fence.generation) this.#reporter.tellAnew();
      return this.#fence.hear(generation);
    });
  }

  receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void> {
    return this.#inOrder(() => this.#receive(envelopes));
  }

  /** What has not started never will, even when it comes only after this; what runs is stopped. */
  cancel(commands: readonly string[]): Promise<void> {
    return this.#inOrder(() => this.#cancel(commands));
  }

  /** Takes in a command that the device asks of itself. Gives why it does not; undefined where it does, or did before. */
  askSelf(asked: OwnCommand): Promise<string | undefined> {
    return this.#inOrder(async () => {
      const { entries, problem } = takeOwn(asked, await judging(this.#parts, this.#opened.journal));
      await this.#opened.journal.append(...entries);
      this.#loop.kick();
      return problem;
    });
  }

  status(): CommandStatus {
    const { highSequence, open } = this.#opened.journal.state;
    const untold = this.#untold().map(({ id }) => id);
    return {
      highSequence,
      open: [...open.keys(), ...untold].slice(0, MOST_UNTOLD),
      generation: this.#fence.generation,
    };
  }

  conditions(): readonly string[] {
    return [
      ...(this.#parts.earlyDeaths() > 0 ? ["safe-mode"] : []),
      ...(this.#opened.setAside === undefined ? [] : ["journal-set-aside"]),
      ...(this.#opened.journal.isFailing ? ["journal-failing"] : []),
      ...this.#parts.policy.conditions(),
    ];
  }

  /** Stops what runs. What may run again does so after the next start; the rest ends as interrupted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#arriving;
    await this.#loop[Symbol.asyncDispose]();
    for (const { attempt } of this.#running.values()) attempt.stop("agent-stopped");
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    try {
      await this.#writeEnds();
      for (const step of this.#steps()) if (step.step === "report") await this.#take(step);
    } catch (error) {
      this.#parts.env.log.error("how commands ended is told after the next start", { error });
    }
    await this.#opened.journal[Symbol.asyncDispose]();
  }

  async #receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void> {
    if (this.#isStopping) throw new Error("no command is received while the agent stops");
    const { journal } = this.#opened;
    if (this.#untold().length > MOST_UNTOLD)
      throw new Error(`no command is received before some of ${MOST_UNTOLD} reports could be kept`);
    const intake = takeIn(envelopes, {
      trust: this.#parts.trust,
      ...(await judging(this.#parts, this.#opened.journal)),
    });

    if (intake.entries.length > 0) await journal.append(...intake.entries);
    await Promise.all(intake.accepted.map((id) => this.#reporter.progress(id, "journaled")));
    await this.#reporter.answer(intake, journal.state.ended);
    this.#loop.kick();
  }

  async #cancel(commands: readonly string[]): Promise<void> {
    const { open, ended } = this.#opened.journal.state;
    const now = this.#parts.env.clock.now();
    const entries: JournalEntry[] = [];
    for (const id of new Set(commands)) {
      const command = open.get(id)?.command;
      if (command !== undefined) {
        this.#cancelled.add(id);
        // What was asked of the machine itself cannot be called back.
        if (onInterrupt(command) !== "boundary") this.#running.get(id)?.attempt.stop("cancelled");
      } else if (!ended.has(id)) {
        const unseen = { command: id, sequence: 0, expiresAtMs: now + limits.commandValidity };
        entries.push(endedEntry(unseen, { phase: "cancelled", reason: "cancelled" }, now));
      }
    }
    if (entries.length > 0) await this.#opened.journal.append(...entries);
    await this.#reporter.repeat(commands, ended);
    this.#loop.kick();
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#arriving.then(work);
    this.#arriving = turn.catch(() => {});
    return turn;
  }

  /** Looks at the journal and does what is next. Whatever fails is tried again, from the look on. */
  async #step(): Promise<"settled" | "more"> {
    await this.#writeEnds();
    await this.#fence.endDoubt(this.#parts.correctedNow);
    const steps = this.#isStopping ? [] : this.#steps();
    for (const step of steps) if (!this.#isStopping) await this.#take(step);
    if (this.#parts.isConnected()) for (const { attempt } of this.#running.values()) await attempt.tellProgress();
    return steps.length > 0 ? "more" : "settled";
  }

  #steps(): readonly Step[] {
    const { open, ended } = this.#opened.journal.state;
    return nextSteps({
      open,
      ended,
      running: new Set(this.#running.keys()),
      cancelled: this.#cancelled,
      looked: this.#looked,
      isSafeMode: this.#parts.earlyDeaths() > 0,
      correctedNow: this.#parts.correctedNow(),
    });
  }

  async #take(step: Step): Promise<void> {
    switch (step.step) {
      case "report":
        return this.#tellEnd(step.ended);
      case "expire":
        return this.#end(step.command, { phase: "expired", reason: "too-old", detail: "it waited past its deadline" });
      case "cancel":
        return this.#end(step.command, { phase: "cancelled", reason: "cancelled" });
      case "interrupt":
        return this.#end(step.command, { phase: "interrupted", reason: "agent-stopped" });
      case "refuse": {
        const detail = safeModeDetail(this.#parts.earlyDeaths());
        return this.#end(step.command, { phase: "rejected", reason: "safe-mode", detail });
      }
      case "run":
      case "look":
        this.#begin(step);
    }
  }

  async #tellEnd({ id, report }: EndedCommand): Promise<void> {
    const final = readReport(report);
    await this.#reporter.ended(report);
    await this.#opened.journal.append({ entry: "reported", id });
    this.#reporter.mayTell(id);
    this.#parts.env.log.info("command ended", { command: id, phase: phaseWord(final.phase), reason: final.reason });
  }

  /** Starts the work and does not wait for it: lanes do not wait for each other. */
  #begin(work: Extract<Step, { readonly step: "run" | "look" }>): void {
    const { clock, log } = this.#parts.env;
    const id = work.command.command;
    const uptime = () => clock.monotonic() - this.#startedAt;
    const attempt = new Attempt(work, {
      ...this.#parts,
      journal: this.#opened.journal,
      reporter: this.#reporter,
      uptime,
    });
    if (this.#cancelled.has(id) && onInterrupt(work.command) !== "boundary") attempt.stop("cancelled");
    const carryOut = async () => {
      try {
        this.#ends.set(id, await attempt.run());
        this.#loop.kick();
      } catch (error) {
        // It is looked at again with the next look; a kick now would find the same disk.
        log.error("a command waits: its start cannot be written down", { command: id, error });
        this.#running.delete(id);
      }
    };
    this.#running.set(id, { attempt, done: carryOut() });
  }

  async #writeEnds(): Promise<void> {
    for (const [id, end] of this.#ends) {
      const command = this.#running.get(id)?.attempt.command;
      if (end === "no effect") this.#looked.add(id);
      // What may go on after the next start is left as it is: started, and not ended.
      else if (end !== "not begun" && command !== undefined && !isLeftOpen(command, end)) await this.#end(command, end);
      this.#running.delete(id);
      this.#ends.delete(id);
    }
  }

  async #end(command: Command, ending: Ending): Promise<void> {
    await this.#opened.journal.append(endedEntry(command, ending, this.#parts.env.clock.now()));
    this.#cancelled.delete(command.command);
    this.#looked.delete(command.command);
  }

  /** Ends what commands left running when the agent died: nobody else knows of it. */
  async #killLeftBehind(): Promise<void> {
    const { env, host } = this.#parts;
    const started = [...this.#opened.journal.state.open.values()].filter(({ starts }) => starts > 0);
    if (started.length === 0) return;
    const ids = started.map(({ command }) => command.command);
    const processes = await host.killMarked(ids);
    await host.removeScripts(ids);
    if (processes > 0) env.log.warn("processes that interrupted commands left behind were killed", { processes });
  }

  #untold(): readonly EndedCommand[] {
    return [...this.#opened.journal.state.ended.values()].filter(({ reported }) => !reported);
  }
}

const isLeftOpen = (command: Command, { reason }: Ending): boolean =>
  reason === "agent-stopped" && onInterrupt(command) !== "once";
