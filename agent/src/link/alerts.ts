import { cutText } from "@edgemere/protocol";
import { MINUTE, type Clock, type Log } from "@edgemere/protocol/kit";
import type { Outbox } from "./outbox.ts";

// Whoever sends a thousand forgeries makes no thousand records.
const AGAIN_AFTER = MINUTE;
const MOST_REMEMBERED = 100;

interface Told {
  readonly at: number;
  unsaid: number;
}

/** Tells operators what looks like somebody's doing, as agent events: each sort at once, and then at most once a minute with its count. */
export class Alerts {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #outbox: Outbox;
  readonly #told = new Map<string, Told>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }, outbox: Outbox) {
    this.#clock = clock;
    this.#log = log;
    this.#outbox = outbox;
  }

  /** `sort` tells apart what is counted together. */
  tell(name: string, detail: string, sort = name): void {
    const now = this.#clock.monotonic();
    const before = this.#told.get(sort);
    if (before !== undefined && now - before.at < AGAIN_AFTER) {
      before.unsaid += 1;
      return;
    }
    const more = before === undefined || before.unsaid === 0 ? "" : ` (and ${before.unsaid} more like the last one)`;
    this.#told.delete(sort);
    this.#told.set(sort, { at: now, unsaid: 0 });
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size > MOST_REMEMBERED) this.#told.delete(oldest);
    this.#log.warn("something that nobody may have sent", { alert: name, detail: detail + more });
    void this.#outbox
      .append("event", { agentEvent: { name, detail: cutText(detail + more) } })
      .catch((error: unknown) => {
        this.#log.warn("an alert could not be kept", { alert: name, error });
      });
  }
}
