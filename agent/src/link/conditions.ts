import type { Log } from "@edgemere/protocol/kit";
import type { Outbox } from "./outbox.ts";

export interface HasConditions {
  conditions(): readonly string[];
}

/** What is wrong with the parts of an agent, in stable words such as "disk-low". */
export const conditionsOf = (parts: {
  readonly spool: HasConditions;
  readonly duty: HasConditions;
  readonly time: HasConditions;
  readonly keyring: HasConditions;
  readonly witness: HasConditions;
  readonly renewal?: HasConditions | undefined;
  readonly measuring?: HasConditions | undefined;
}): readonly string[] =>
  [
    parts.spool,
    parts.duty,
    parts.time,
    parts.keyring,
    parts.witness,
    ...(parts.renewal ? [parts.renewal] : []),
    ...(parts.measuring ? [parts.measuring] : []),
  ].flatMap((each) => [...each.conditions()]);

interface ConditionsParts {
  /** What is wrong now, in stable words. */
  readonly now: () => readonly string[];
  readonly outbox: Outbox;
  readonly log: Log;
  /** Something began or ceased to be wrong. */
  readonly onChange: () => void;
}

/** Tells the control plane when something begins or ceases to be wrong with this agent. */
export class Conditions {
  readonly #parts: ConditionsParts;
  #told: ReadonlySet<string> = new Set();

  constructor(parts: ConditionsParts) {
    this.#parts = parts;
  }

  /** The whole list, for a Hello: from here on only changes are told. */
  list(): readonly string[] {
    const now = [...new Set(this.#parts.now())];
    this.#told = new Set(now);
    return now;
  }

  /** Tells what has changed since, as events `condition` with the detail `<word> set` or `<word> cleared`. */
  async tellChanges(): Promise<void> {
    const { outbox, log, onChange } = this.#parts;
    const now = new Set(this.#parts.now());
    const changes = [
      ...[...now].filter((each) => !this.#told.has(each)).map((each) => `${each} set`),
      ...[...this.#told].filter((each) => !now.has(each)).map((each) => `${each} cleared`),
    ];
    this.#told = now;
    if (changes.length > 0) onChange();
    for (const detail of changes) {
      try {
        await outbox.append("event", { agentEvent: { name: "condition", detail } });
      } catch (error) {
        // Where no event can be kept the next Hello tells the whole list.
        log.debug("change of condition not told", { detail, error });
      }
    }
  }
}
