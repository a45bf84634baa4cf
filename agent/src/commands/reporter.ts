import { signed, v1, type SigningKey } from "@edgemere/protocol";
import { MINUTE, type Env } from "@edgemere/protocol/kit";
import type { Alerts } from "../link/alerts.ts";
import type { Outbox } from "../link/outbox.ts";
import type { Intake } from "./intake.ts";
import type { EndedCommand } from "./journal-state.ts";
import { finalReport, progressReport } from "./report.ts";

// A command that is offered again after its end is answered again, but not at every offer.
const REPEAT_AFTER = MINUTE;
const MOST_REMEMBERED = 1_000;

/** Tells the control plane about commands, through the outbox. */
export class CommandReporter {
  readonly #env: Env;
  readonly #outbox: Outbox;
  readonly #messageKey: SigningKey;
  readonly #alerts: Alerts;
  /** When something was told for the last time that may be told again, on the monotonic clock. */
  readonly #toldAt = new Map<string, number>();

  constructor(parts: {
    readonly env: Env;
    readonly outbox: Outbox;
    readonly messageKey: SigningKey;
    readonly alerts: Alerts;
  }) {
    this.#env = parts.env;
    this.#outbox = parts.outbox;
    this.#messageKey = parts.messageKey;
    this.#alerts = parts.alerts;
  }

  /** How a command ended: the bytes of a report, signed, so that nobody in between can make one up. Rejects when it could not be kept. */
  ended(report: Uint8Array): Promise<void> {
    return this.#outbox.append("result", { signedReport: signed("result", report, this.#messageKey) });
  }

  /** How far a command is, is worth telling but not worth failing for: its end says it too. */
  async progress(command: string, phase: "journaled" | "running", startedAt?: number): Promise<void> {
    const commandReport = progressReport(command, phase, startedAt);
    await this.#outbox
      .append("result", { commandReport })
      .catch((error: unknown) =>
        this.#env.log.warn("the progress of a command could not be told", { command, phase, error }),
      );
  }

  /** What is to be said at once about a delivery; the rest is said when it happens. */
  async answer({ known, refused, untrusted }: Intake, ended: ReadonlyMap<string, EndedCommand>): Promise<void> {
    const { log, clock } = this.#env;
    for (const { reason, message } of untrusted)
      this.#alerts.tell("untrusted-command", `${reason}: ${message}`, `untrusted-command ${reason}`);
    await this.repeat(known, ended);
    for (const { command, reason, detail } of refused) {
      if (!this.mayTell(command)) continue;
      log.warn("a command was refused", { command, reason, detail });
      const report = finalReport(command, { phase: "rejected", reason, detail }, clock.now());
      await this.ended(v1.CommandReport.encode(report).finish());
    }
  }

  /** Somebody asks after commands: how those ended is told again whose ends were told. */
  async repeat(commands: readonly string[], ended: ReadonlyMap<string, EndedCommand>): Promise<void> {
    for (const id of commands) {
      const end = ended.get(id);
      if (end?.reported && this.mayTell(id)) await this.ended(end.report);
    }
  }

  /** Something about the commands that an operator may want to know. */
  async event(name: string, detail: string): Promise<void> {
    await this.#outbox
      .append("event", { agentEvent: { name, detail } })
      .catch((error: unknown) => this.#env.log.warn("an agent event could not be kept", { event: name, error }));
  }

  /** What was told once may be told again at once: there is somebody who has not heard it. */
  tellAnew(): void {
    this.#toldAt.clear();
  }

  /** Whether it is time to tell the same again; says so once a minute. */
  mayTell(what: string): boolean {
    const now = this.#env.clock.monotonic();
    const before = this.#toldAt.get(what);
    if (before !== undefined && now - before < REPEAT_AFTER) return false;
    this.#toldAt.delete(what);
    this.#toldAt.set(what, now);
    for (const oldest of this.#toldAt.keys()) {
      if (this.#toldAt.size <= MOST_REMEMBERED) break;
      this.#toldAt.delete(oldest);
    }
    return true;
  }
}
