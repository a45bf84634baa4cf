import { setMaxListeners } from "node:events";
import { SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { put } from "./change.ts";
import type { Dispatch } from "./dispatch.ts";
import type { DomainEvent } from "./domain-event.ts";
import type { Rule } from "./feature.ts";
import { Problem } from "./problem.ts";
import { statesOf, table } from "./resource.ts";
import type { Store } from "./store.ts";

/** Where a reaction stopped. */
interface Cursor {
  readonly id: string;
  readonly number: number;
}

/** An event that a reaction could not digest, set aside so that it cannot hold up the others. */
export interface StuckEvent {
  readonly id: string;
  readonly reaction: string;
  readonly event: DomainEvent;
  readonly error: string;
  readonly at: number;
}

const cursors = table<Cursor>("cursor");
export const stuckEvents = table<StuckEvent>("stuckevent");

const TRIES = 5;
const BEGINS_AGAIN_AFTER = 5 * SECOND;
// Skipped events need no synced cursor each: after a restart they are skipped again.
const SKIPPED_BEFORE_SAVING = 1_000;

interface Reaction {
  readonly name: string;
  readonly rule: Rule;
}

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly dispatch: Dispatch;
  readonly newId: () => string;
}

/**
 * The tail of the store's log. Promise: each reaction sees the events it asked for, in order, at least once, from where
 * it stopped; a restart may repeat the last one. A reaction to `x.<state>` runs only while the row is still in that
 * state, which makes repeats harmless. An event that fails five times is set aside in `stuckevent`.
 */
export class Bus implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #reactions: readonly Reaction[];
  readonly #stop = new AbortController();
  #wake = heardByAll();
  readonly #idle = new Set<string>();
  /** Up to where each reaction has durably come. */
  readonly #saved = new Map<string, number>();
  #running: Promise<unknown> | undefined;
  #unsubscribe = () => {};

  constructor(parts: Parts, rules: readonly Rule[]) {
    this.#parts = parts;
    this.#reactions = rules.map((rule) => ({ name: `${rule.event} → ${rule.action.path as string}`, rule }));
  }

  start(): void {
    this.#unsubscribe = this.#parts.store.onCommit(() => this.#kick());
    this.#running ??= Promise.all(this.#reactions.map((reaction) => this.#keepFollowing(reaction)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    this.#stop.abort();
    this.#kick();
    await this.#running;
  }

  /** Whether every reaction has seen every event. */
  get isSettled(): boolean {
    return this.#idle.size === this.#reactions.length;
  }

  /** The number of the last event that every reaction has durably passed: what comes after it is still needed. */
  get passed(): number {
    return Math.min(...this.#reactions.map(({ name }) => this.#saved.get(name) ?? 0));
  }

  #kick(): void {
    this.#idle.clear();
    // A reason of its own: the error that is made otherwise costs more than the look.
    this.#wake.abort("kicked");
    this.#wake = heardByAll();
  }

  /** A store that fails is opened anew under its users: whoever could not save how far it is goes on from where it last could. */
  async #keepFollowing(reaction: Reaction): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow(reaction);
      } catch (error) {
        log.error("reaction failed and begins again", { reaction: reaction.name, error });
        await clock.sleep(BEGINS_AGAIN_AFTER, this.#stop.signal);
      }
    }
  }

  async #follow(reaction: Reaction): Promise<void> {
    const { store, clock } = this.#parts;
    let position = (await store.get(cursors, reaction.name))?.number ?? 0;
    let saved = position;
    this.#saved.set(reaction.name, saved);
    while (!this.#stop.signal.aborted) {
      const wake = this.#wake.signal;
      const events = await store.events(position);
      for (const event of events) {
        if (this.#stop.signal.aborted) return;
        if (event.type === reaction.rule.event) {
          await this.#react(reaction, event);
          await this.#save(reaction, event.number);
          saved = event.number;
        }
        position = event.number;
      }
      if (position - saved >= SKIPPED_BEFORE_SAVING) {
        await this.#save(reaction, position);
        saved = position;
      }
      if (events.length > 0 || wake.aborted) continue;
      this.#idle.add(reaction.name);
      await clock.sleep(60 * SECOND, wake);
    }
  }

  async #save({ name }: Reaction, number: number): Promise<void> {
    await this.#parts.store.commit(put(cursors, { id: name, number }));
    this.#saved.set(name, number);
  }

  async #react(reaction: Reaction, event: DomainEvent): Promise<void> {
    const { clock, log } = this.#parts;
    for (let attempt = 1; ; attempt++) {
      if (this.#stop.signal.aborted) return;
      try {
        if (await this.#isStillTrue(reaction.rule, event)) await this.#ask(reaction, event);
        return;
      } catch (error) {
        if (attempt === TRIES || isFinal(error)) return this.#setAside(reaction, event, error);
        log.debug("reaction will be repeated", { reaction: reaction.name, event: event.number, attempt });
        await clock.sleep(attempt * SECOND, this.#stop.signal);
      }
    }
  }

  async #ask({ name, rule }: Reaction, event: DomainEvent): Promise<void> {
    const caller = {
      actor: `rule:${name}`,
      via: "rule",
      permissions: ["*"],
      requestId: `event-${event.number}`,
    } as const;
    await this.#parts.dispatch(rule.action.path as string, rule.input(event), caller);
  }

  async #isStillTrue({ resource }: Rule, { type, subject }: DomainEvent): Promise<boolean> {
    const state = type.slice(type.indexOf(".") + 1);
    if (!statesOf(resource).includes(state)) return true;
    const row = (await this.#parts.store.get(resource, subject)) as { state?: string } | undefined;
    return row?.state === state;
  }

  async #setAside({ name }: Reaction, event: DomainEvent, error: unknown): Promise<void> {
    const { store, clock, log, newId } = this.#parts;
    log.error("event set aside", { reaction: name, event: event.number, error });
    const message = error instanceof Error ? error.message : String(error);
    await store.commit(put(stuckEvents, { id: newId(), reaction: name, event, error: message, at: clock.now() }));
  }
}

// A conflict or a lack of something goes away by looking again; a wrong input stays wrong.
const isFinal = (error: unknown) =>
  error instanceof Problem && (error.type === "invalid-input" || error.type === "unknown-action");

/** Every reaction waits for the same signal: many that listen to it are no leak. */
function heardByAll(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
