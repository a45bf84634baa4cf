import {
  commandKinds,
  kindOfTask,
  limits,
  type Command,
  type CommandKind,
  type KeyFinder,
  type v1,
} from "@edgemere/protocol";
import { MINUTE, Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import type { Host } from "../host/host.ts";
import type { CommandDuty } from "../link/down.ts";
import type { Outbox } from "../link/outbox.ts";
import { handlers } from "./handlers/index.ts";
import { takeIn, type Intake } from "./intake.ts";
import type { JournalEntry } from "./journal-entry.ts";
import type { EndedCommand } from "./journal-state.ts";
import { openJournal, type OpenedJournal } from "./journal.ts";
import { mayRunAgain, nextSteps, type Step } from "./lanes.ts";
import { CommandOutputSender } from "./output.ts";
import { endedEntry, finalReport, phaseWord, progressReport, readReport, type Ending } from "./report.ts";
import { run, type StopCause } from "./run.ts";

export interface CommandParts {
  readonly env: Env;
  readonly host: Host;
  readonly outbox: Outbox;
  readonly identity: { readonly device: string; readonly trustDomain: string };
  readonly findKey: KeyFinder;
  readonly config: { readonly allow: readonly CommandKind[] };
  /** The control plane's wall clock as far as it is known, the device's own otherwise. */
  readonly correctedNow: () => number;
  /** Reports the inventory now; gives the number of facts. */
  readonly refreshInventory: () => Promise<number>;
}

interface Running {
  readonly command: Command;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

// A command that is offered again after its end is answered again, but not at every offer.
const REPEAT_AFTER = MINUTE;
const MOST_REMEMBERED = 1_000;

/** Reads the journal of a former run. Nothing runs before `start`. */
export async function openCommands(parts: CommandParts): Promise<CommandExecutor> {
  return new CommandExecutor(parts, await openJournal(parts.env));
}

/**
 * Carries out commands: each is written down before it is received, before it starts and before its end is told. Whatever
 * dies meanwhile, it gets one final report, and what must run once never runs twice.
 */
export class CommandExecutor implements CommandDuty, AsyncDisposable {
  readonly capabilities: readonly string[];
  readonly #parts: CommandParts;
  readonly #opened: OpenedJournal;
  readonly #loop: Reconciler;
  readonly #startedAt: number;
  readonly #running = new Map<string, Running>();
  readonly #endings = new Map<string, Ending>();
  readonly #cancelled = new Set<string>();
  /** When something was told for the last time that may be told again, on the monotonic clock. */
  readonly #toldAt = new Map<string, number>();
  #arriving: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(parts: CommandParts, opened: OpenedJournal) {
    const { clock, log } = parts.env;
    this.#parts = parts;
    this.#opened = opened;
    this.#startedAt = clock.monotonic();
    this.capabilities = (Object.keys(handlers) as CommandKind[])
      .filter((kind) => !commandKinds[kind].dangerous || parts.config.allow.includes(kind))
      .map((kind) => `command:${kind}`);
    const onError = (error: unknown) => log.error("commands wait: their journal or reports cannot be kept", { error });
    const step = () => this.#step();
    this.#loop = new Reconciler({ name: "carry out commands", every: 10 * SECOND, step, onError }, clock);
  }

  /** Goes on where a former run was stopped. */
  async start(): Promise<void> {
    const { setAside, journal } = this.#opened;
    if (setAside !== undefined) await this.#event("journal-set-aside", `the damaged journal is kept as ${setAside}`);
    for (const [id, { starts }] of journal.state.open) if (starts === 0) await this.#progress(id, "journaled");
    this.#loop.start();
  }

  receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void> {
    return this.#inOrder(() => this.#receive(envelopes));
  }

  /** What has not started never will, even when it comes only after this; what runs is stopped. */
  cancel(commands: readonly string[]): Promise<void> {
    return this.#inOrder(() => this.#cancel(commands));
  }

  status(): { readonly highSequence: number; readonly open: readonly string[] } {
    const { highSequence, open, ended } = this.#opened.journal.state;
    const notReported = [...ended.values()].filter(({ reported }) => !reported).map(({ id }) => id);
    return { highSequence, open: [...open.keys(), ...notReported] };
  }

  /** Stops what runs. What may run again does so after the next start; the rest ends as interrupted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#arriving;
    await this.#loop[Symbol.asyncDispose]();
    for (const { stop } of this.#running.values()) stop.abort("agent-stopped" satisfies StopCause);
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    try {
      await this.#writeEndings();
      for (const step of this.#steps()) if (step.step === "report") await this.#take(step);
    } catch (error) {
      this.#parts.env.log.error("how commands ended is told after the next start", { error });
    }
    await this.#opened.journal[Symbol.asyncDispose]();
  }

  async #receive(envelopes: readonly v1.SignedEnvelope.$Shape[]): Promise<void> {
    if (this.#isStopping) throw new Error("no command is received while the agent stops");
    const { env, findKey, correctedNow, identity, config } = this.#parts;
    const { journal } = this.#opened;
    const rules = { device: identity.device, trustDomain: identity.trustDomain, allow: config.allow, handlers };
    const moment = { now: env.clock.now(), correctedNow: correctedNow() };
    const intake = takeIn(envelopes, { findKey, rules, journal: journal.state, moment });

    if (intake.entries.length > 0) await journal.append(...intake.entries);
    await Promise.all(intake.accepted.map((id) => this.#progress(id, "journaled")));
    await this.#answerAgain(intake);
    this.#loop.kick();
  }

  async #cancel(commands: readonly string[]): Promise<void> {
    const { open, ended } = this.#opened.journal.state;
    const now = this.#parts.env.clock.now();
    const entries: JournalEntry[] = [];
    for (const id of new Set(commands)) {
      if (open.has(id)) {
        this.#cancelled.add(id);
        this.#running.get(id)?.stop.abort("cancelled" satisfies StopCause);
      } else if (!ended.has(id)) {
        const unseen = { command: id, sequence: 0, expiresAtMs: now + limits.commandValidity };
        entries.push(endedEntry(unseen, { phase: "cancelled", reason: "cancelled" }, now));
      }
    }
    if (entries.length > 0) await this.#opened.journal.append(...entries);
    this.#loop.kick();
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const turn = this.#arriving.then(work);
    this.#arriving = turn.catch(() => {});
    return turn;
  }

  async #answerAgain({ known, refused, untrusted }: Intake): Promise<void> {
    const { log, clock } = this.#parts.env;
    for (const { reason, message } of untrusted)
      if (this.#mayTell(reason))
        log.warn("a command was dropped: nothing proves who sent it", { reason, detail: message });
    for (const id of known) {
      const ended = this.#opened.journal.state.ended.get(id);
      if (ended?.reported && this.#mayTell(id)) await this.#report(readReport(ended.report));
    }
    for (const { command, reason, detail } of refused) {
      if (!this.#mayTell(command)) continue;
      log.warn("a command was refused", { command, reason, detail });
      await this.#report(finalReport(command, { phase: "rejected", reason, detail }, clock.now()));
    }
  }

  /** Looks at the journal and does what is next. Whatever fails is tried again, from the look on. */
  async #step(): Promise<"settled" | "more"> {
    await this.#writeEndings();
    const steps = this.#isStopping ? [] : this.#steps();
    for (const step of steps) if (!this.#isStopping) await this.#take(step);
    return steps.length > 0 ? "more" : "settled";
  }

  #steps(): readonly Step[] {
    const { open, ended } = this.#opened.journal.state;
    const running = new Set(this.#running.keys());
    return nextSteps({ open, ended, running, cancelled: this.#cancelled, correctedNow: this.#parts.correctedNow() });
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
      case "run":
        return this.#begin(step.command);
    }
  }

  async #tellEnd({ id, report }: EndedCommand): Promise<void> {
    const final = readReport(report);
    await this.#report(final);
    await this.#opened.journal.append({ entry: "reported", id });
    this.#mayTell(id);
    this.#parts.env.log.info("command ended", { command: id, phase: phaseWord(final.phase), reason: final.reason });
  }

  async #begin(command: Command): Promise<void> {
    const { env, host, outbox, refreshInventory } = this.#parts;
    const { clock, log } = env;
    const id = command.command;
    await this.#opened.journal.append({ entry: "started", id });
    await this.#progress(id, "running");
    log.info("command started", { command: id, kind: kindOfTask(command.task), actor: command.actor });

    const sender = new CommandOutputSender({ command: id, outbox, clock, log });
    const output = (channel: "stdout" | "stderr", bytes: Uint8Array) => sender.write(channel, bytes);
    const uptime = () => clock.monotonic() - this.#startedAt;
    const stop = new AbortController();
    if (this.#cancelled.has(id)) stop.abort("cancelled" satisfies StopCause);
    const carryOut = async () => {
      const ending = await run(command, { clock, handlers, context: { host, output, refreshInventory, uptime } }, stop);
      await sender.end();
      this.#endings.set(id, ending);
      this.#loop.kick();
    };
    this.#running.set(id, { command, stop, done: carryOut() });
  }

  async #writeEndings(): Promise<void> {
    for (const [id, ending] of this.#endings) {
      const running = this.#running.get(id);
      // What may run again is left as it is: started, and not ended.
      if (running !== undefined && !(ending.reason === "agent-stopped" && mayRunAgain(running.command)))
        await this.#end(running.command, ending);
      this.#running.delete(id);
      this.#endings.delete(id);
    }
  }

  async #end(command: Command, ending: Ending): Promise<void> {
    await this.#opened.journal.append(endedEntry(command, ending, this.#parts.env.clock.now()));
    this.#cancelled.delete(command.command);
  }

  #report(commandReport: ReturnType<typeof finalReport>): Promise<void> {
    return this.#parts.outbox.append("result", { commandReport });
  }

  /** How far a command is, is worth telling but not worth waiting for: its end says it too. */
  async #progress(command: string, phase: "journaled" | "running"): Promise<void> {
    const { clock, log } = this.#parts.env;
    await this.#report(progressReport(command, phase, phase === "running" ? clock.now() : 0)).catch((error: unknown) =>
      log.warn("the progress of a command could not be told", { command, phase, error }),
    );
  }

  async #event(name: string, detail: string): Promise<void> {
    const { outbox, env } = this.#parts;
    await outbox
      .append("event", { agentEvent: { name, detail } })
      .catch((error: unknown) => env.log.warn("an agent event could not be kept", { event: name, error }));
  }

  #mayTell(what: string): boolean {
    const now = this.#parts.env.clock.monotonic();
    const before = this.#toldAt.get(what);
    if (before !== undefined && now - before < REPEAT_AFTER) return false;
    this.#toldAt.set(what, now);
    dropOldest(this.#toldAt);
    return true;
  }
}

function dropOldest(remembered: Map<string, number>): void {
  for (const key of remembered.keys()) {
    if (remembered.size <= MOST_REMEMBERED) return;
    remembered.delete(key);
  }
}
