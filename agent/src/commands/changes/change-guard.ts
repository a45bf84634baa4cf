import { aborted, SECOND, type Env } from "@edgemere/protocol/kit";
import { HostError, type Host, type ProgramResult, type TakeOutput } from "../../host/host.ts";
import type { Settings } from "../../settings.ts";
import { readChanges, writeChanges, type ChangeState } from "./change-file.ts";
import { confirms, takenUp, timeLeft, type ChangeOutcome, type PendingChange, type Undo } from "./pending-change.ts";
import type { WantedChange, WantedSettings } from "./wanted-change.ts";

interface GuardParts {
  readonly env: Env;
  readonly host: Host;
  readonly boot: string;
  /** The agent's own; absent where nothing of it is set from far away. */
  readonly settings?: Pick<Settings<unknown>, "change" | "undoOf"> | undefined;
}

/** How the connection stands, as far as a change needs to know. */
export interface ChangeRoad {
  /** Number of the newest session, or of the try for one. */
  readonly epoch: number;
  /** Ends what there is and connects anew. */
  comeBack(reason: string, how: { readonly atOnce: boolean }): void;
}

// A clock that stands still while the machine sleeps is asked this often.
const LOOK_EVERY = 5 * SECOND;
const REVERT_WITHIN = 60 * SECOND;
const REVERT_OUTPUT = 2_048;
const NOTHING: ChangeState = { pending: undefined, ended: [] };

/**
 * Makes changes that may cut this device off. Before one is made it stands on the disk how to take it back; it stays only if a
 * session begins with it in time, which no earlier session, no start of the agent and no start of the machine can stand for.
 */
export class ChangeGuard implements AsyncDisposable {
  readonly #parts: GuardParts;
  readonly #stop = new AbortController();
  #state: ChangeState;
  #road: ChangeRoad | undefined;
  /** What a former run left is taken up. */
  readonly #begun = new AbortController();
  /** Ends the waiting: a session has begun, or it is to be taken back at once. */
  #news = new AbortController();
  #wishToRevert: string | undefined;
  #session = 0;
  #work: Promise<void> = Promise.resolve();

  private constructor(parts: GuardParts, state: ChangeState) {
    this.#parts = parts;
    this.#state = state;
  }

  static async open(parts: GuardParts): Promise<ChangeGuard> {
    const state = await readChanges(parts.env.disk);
    if (state === undefined)
      parts.env.log.error("what stood on the disk of a change cannot be read: it stays as it is");
    return new ChangeGuard(parts, state ?? NOTHING);
  }

  /** Takes up what a former run left; before the first session. */
  async start(road: ChangeRoad): Promise<void> {
    this.#road = road;
    const { pending } = this.#state;
    if (pending !== undefined) await this.#takeUp(pending);
    this.#begun.abort();
  }

  async #takeUp(pending: PendingChange): Promise<void> {
    // What took it back before may still be at it, and two of them would be in each other's way.
    await this.#parts.host.killMarked([markBack(pending.command)]);
    const next = takenUp(pending, this.#parts.boot, this.#uptime());
    await this.#keep({ ...this.#state, pending: next }).catch((error: unknown) => {
      // What it says is as true as before; only how often the machine was started anew is forgotten.
      this.#parts.env.log.warn("how a change stands was not written down", { command: next.command, error });
      this.#state = { ...this.#state, pending: next };
    });
    this.#work = this.#seeThrough(undefined);
  }

  /** A session with the control plane has begun. */
  established(session: number): void {
    this.#session = session;
    if (this.#state.pending && confirms(this.#state.pending, session)) this.#news.abort();
  }

  /** Makes it and waits until it is known what became of it. Throws HostError when nothing was changed. */
  async carryOut(
    wanted: WantedChange | WantedSettings,
    signal: AbortSignal,
  ): Promise<ChangeOutcome & { readonly ended?: ProgramResult }> {
    const { command, within } = wanted;
    const { boot } = this.#parts;
    if (this.#state.pending !== undefined)
      throw new HostError("busy", `the change of command ${this.#state.pending.command} is not confirmed yet`);
    const undo = await this.#undoOf(wanted);
    const pending: PendingChange = {
      command,
      state: "applying",
      within,
      boot,
      boots: 0,
      since: this.#uptime(),
      epoch: 0,
      cause: "",
      undo,
    };
    await this.#keep({ ...this.#state, pending });
    let ended: ProgramResult | undefined;
    const apply = async () => {
      if ("settings" in wanted) await this.#parts.settings?.change(wanted.settings);
      else ended = await this.#apply(wanted, signal);
    };
    this.#wishToRevert = undefined;
    this.#news = new AbortController();
    this.#work = this.#seeThrough(apply);
    const outcome = await this.#outcome(command, signal);
    return { ...(outcome ?? lost), ...(ended && { ended }) };
  }

  async #undoOf(wanted: WantedChange | WantedSettings): Promise<Undo> {
    const { host, settings } = this.#parts;
    if ("settings" in wanted) return { files: [], script: undefined, settings: settings?.undoOf(wanted.settings) };
    return { files: await host.keepFiles(wanted.files), script: wanted.revert };
  }

  /** What became of the change of a command that this or a former run began; undefined when none was begun. */
  async outcomeOf(command: string, signal: AbortSignal): Promise<ChangeOutcome | undefined> {
    await aborted(this.#begun.signal);
    return this.#outcome(command, signal);
  }

  /** What is not confirmed is taken up by the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#news.abort();
    this.#begun.abort();
    await this.#work;
  }

  async #outcome(command: string, signal: AbortSignal): Promise<ChangeOutcome | undefined> {
    const wish = () => {
      if (signal.reason === "agent-stopped") return;
      this.#wishToRevert = `its command was ended: ${String(signal.reason)}`;
      this.#news.abort();
    };
    if (signal.aborted) wish();
    else signal.addEventListener("abort", wish, { once: true });
    if (this.#state.pending?.command === command) await this.#work;
    signal.removeEventListener("abort", wish);
    return this.#state.ended.findLast((each) => each.command === command)?.outcome;
  }

  /** From where it stands to its outcome. What fails is told, and taken up by the next start at the latest. */
  async #seeThrough(apply: (() => Promise<void>) | undefined): Promise<void> {
    const { log } = this.#parts.env;
    try {
      const failure = apply && (await this.#make(apply));
      if (this.#stop.signal.aborted) return;
      const afterMs = failure === undefined ? await this.#confirmed() : undefined;
      if (this.#stop.signal.aborted) return;
      if (afterMs !== undefined) await this.#end({ isKept: true, afterMs });
      else await this.#revert(failure);
    } catch (error) {
      log.error("what becomes of a change is not known before the next start", { error });
    }
  }

  /** Gives why it could not be made, if that is so. */
  async #make(apply: () => Promise<void>): Promise<string | undefined> {
    try {
      await apply();
      const { pending } = this.#state;
      const epoch = this.#road?.epoch ?? Infinity;
      if (pending)
        await this.#keep({ ...this.#state, pending: { ...pending, state: "waiting", epoch, since: this.#uptime() } });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : "it failed without saying why";
    }
  }

  async #apply(
    { command, apply, onOutput, maxOutputBytes, within }: WantedChange,
    signal: AbortSignal,
  ): Promise<ProgramResult> {
    const { env, host } = this.#parts;
    const over = new AbortController();
    const timeout = env.clock.sleep(within, over.signal).then(() => over.abort());
    const stop = AbortSignal.any([signal, this.#stop.signal, over.signal]);
    const script = { interpreter: ["/bin/sh"], content: apply, arguments: [], mark: command } as const;
    const ended = await host.runScript({ ...script, maxOutputBytes, onOutput, signal: stop });
    const isLate = over.signal.aborted;
    over.abort();
    await timeout;
    if (isLate) throw new Error(`it was not made within ${within / SECOND} s`);
    if (ended.endedBySignal !== undefined) throw new Error(`apply was ended by ${ended.endedBySignal}`);
    if (ended.exitCode !== 0) throw new Error(`apply ended with exit code ${ended.exitCode ?? "unknown"}`);
    return ended;
  }

  /** Milliseconds from the change to the session that confirms it; undefined when it is to be taken back. */
  async #confirmed(): Promise<number | undefined> {
    const { clock } = this.#parts.env;
    this.#road?.comeBack("a change is to prove itself", { atOnce: true });
    for (;;) {
      const { pending } = this.#state;
      if (pending === undefined || pending.state !== "waiting" || this.#wishToRevert !== undefined) return undefined;
      const now = this.#uptime();
      if (confirms(pending, this.#session)) return Math.max(0, Math.round(now - pending.since));
      const left = timeLeft(pending, now);
      if (left <= 0) return undefined;
      this.#news = new AbortController();
      await clock.sleep(Math.min(left, LOOK_EVERY), this.#news.signal);
      if (this.#stop.signal.aborted) return undefined;
    }
  }

  async #revert(failure: string | undefined): Promise<void> {
    const { pending } = this.#state;
    if (pending === undefined) return;
    const late = `no session began with the change within ${pending.within / SECOND} s`;
    const cause = failure ?? (pending.cause || this.#wishToRevert || late);
    await this.#keep({ ...this.#state, pending: { ...pending, state: "reverting", cause } }).catch((error: unknown) => {
      // The next start takes it back as well, from whatever the disk says.
      this.#parts.env.log.warn("that a change is taken back was not written down", { command: pending.command, error });
    });
    const trouble = await this.#takeBack(pending);
    if (this.#stop.signal.aborted) return;
    const told = trouble === undefined ? "It was taken back" : `It was taken back, but ${trouble}`;
    const reason = failure === undefined ? "reverted" : "failed";
    await this.#end({ isKept: false, reason, detail: `${cause}. ${told}` });
    this.#road?.comeBack("a change was taken back", { atOnce: true });
  }

  /** Says what went wrong on the way back, if anything did. */
  async #takeBack({ undo, command }: { readonly undo: Undo; readonly command: string }) {
    const { host, env } = this.#parts;
    const { files, script } = undo;
    const troubles: string[] = [];
    const trouble = (error: unknown) => void troubles.push(error instanceof Error ? error.message : String(error));
    await host.putBackFiles(files).catch(trouble);
    if (undo.settings !== undefined) await this.#parts.settings?.change(undo.settings).catch(trouble);
    if (script !== undefined) {
      const over = new AbortController();
      const timeout = env.clock.sleep(REVERT_WITHIN, over.signal).then(() => over.abort());
      let said = "";
      const onOutput: TakeOutput = (_channel, bytes) => void (said += Buffer.from(bytes).toString());
      const signal = AbortSignal.any([over.signal, this.#stop.signal]);
      const words = { interpreter: ["/bin/sh"], content: script, arguments: [], mark: markBack(command) } as const;
      const ended = await host
        .runScript({ ...words, maxOutputBytes: REVERT_OUTPUT, onOutput, signal })
        .catch((error: unknown): undefined => trouble(error));
      over.abort();
      await timeout;
      if (ended !== undefined && ended.exitCode !== 0)
        troubles.push(
          `revert ended with ${ended.endedBySignal ?? `exit code ${ended.exitCode ?? "unknown"}`}: ${said}`,
        );
    }
    return troubles.length > 0 ? troubles.join("; ") : undefined;
  }

  async #end(outcome: ChangeOutcome): Promise<void> {
    const { pending, ended } = this.#state;
    if (pending === undefined) return;
    const { command } = pending;
    const after = { pending: undefined, ended: [...ended, { command, outcome }] };
    await this.#keep(after).catch((error: unknown) => {
      // The disk still says that it waits, and the next start finds out again.
      this.#parts.env.log.warn("what became of a change was not written down", { command, error });
      this.#state = after;
    });
    this.#parts.env.log.info(outcome.isKept ? "a change stays" : "a change was taken back", { command, ...outcome });
  }

  async #keep(state: ChangeState): Promise<void> {
    await writeChanges(this.#parts.env.disk, state);
    this.#state = state;
  }

  #uptime(): number {
    return this.#parts.host.uptime?.() ?? this.#parts.env.clock.monotonic();
  }
}

/** Of what takes a change back; the command's own mark is of what makes it. */
const markBack = (command: string) => `${command}-back`;

const lost = { isKept: false, reason: "failed", detail: "nobody knows what became of the change" } as const;
