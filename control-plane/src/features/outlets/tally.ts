import { SECOND } from "@edgemere/protocol/kit";
import { Counter, gauge, type Family } from "../../platform/figures.ts";

/** What became of samples since the process began, and how far behind each outlet is. */
export class Tally {
  readonly #sent = new Counter({ name: "edgemere_outlet_samples", help: "Samples that a target took" }, ["outlet"]);
  readonly #refused = new Counter(
    { name: "edgemere_outlet_refused_samples", help: "Samples that a target refused for good, by its answer" },
    ["outlet", "reason"],
  );
  readonly #failures = new Counter(
    {
      name: "edgemere_outlet_failures",
      help: "Requests that a target did not take and that are repeated, by its answer",
    },
    ["outlet", "reason"],
  );
  readonly #sums = new Map<string, { sent: number; refused: number }>();
  readonly #waitingSince = new Map<string, number | undefined>();

  sent(outlet: string, samples: number): void {
    this.#sent.add([outlet], samples);
    this.of(outlet).sent += samples;
  }

  refused(outlet: string, reason: string, samples: number): void {
    this.#refused.add([outlet, reason], samples);
    this.of(outlet).refused += samples;
  }

  failed(outlet: string, reason: string): void {
    this.#failures.add([outlet, reason]);
  }

  /** When the oldest arrived that is not sent; undefined when there is none. */
  waits(outlet: string, since: number | undefined): void {
    this.#waitingSince.set(outlet, since);
  }

  of(outlet: string): { sent: number; refused: number } {
    const known = this.#sums.get(outlet) ?? { sent: 0, refused: 0 };
    this.#sums.set(outlet, known);
    return known;
  }

  figures(now: number): readonly Family[] {
    return [
      this.#sent.figure(),
      this.#refused.figure(),
      this.#failures.figure(),
      gauge(
        { name: "edgemere_outlet_lag_seconds", help: "Age of the oldest arrival that an outlet has not sent" },
        [...this.#waitingSince].map(([outlet, since]) => [
          { outlet },
          since === undefined ? 0 : Math.max(0, now - since) / SECOND,
        ]),
      ),
    ];
  }
}
