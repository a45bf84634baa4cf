import type { TelemetryReading } from "./host/host.ts";
import type { DataMeter } from "./link/data-use.ts";
import { economySteps, stepAfter, type EconomyStep } from "./telemetry/economy.ts";

/** Holds what is measured to what a month may cost. Commands, their results and the connection itself are never touched. */
export class DataBudget {
  readonly #meter: DataMeter;
  readonly #bytes: number | undefined;
  #step: EconomyStep = "full";

  /** Bytes a month; without them use is counted and nothing saved. */
  constructor(meter: DataMeter, bytes: number | undefined) {
    this.#meter = meter;
    this.#bytes = bytes;
  }

  /** How data is saved now. */
  step(): EconomyStep {
    if (this.#bytes !== undefined)
      this.#step = stepAfter(this.#step, { used: this.#meter.use.bytes / this.#bytes, elapsed: this.#meter.elapsed });
    return this.#step;
  }

  /** In stable words, one for each step. */
  conditions(): readonly string[] {
    const step = this.step();
    return step === "full" ? [] : [`data-budget-${step}`];
  }

  readings(): readonly TelemetryReading[] {
    const { bytes } = this.#meter.use;
    const reading = (metric: string, value: number) => ({ metric, instance: "", value });
    return [
      reading("agent.data_used_bytes", bytes),
      ...(this.#bytes === undefined
        ? []
        : [
            reading("agent.data_budget_used_percent", (100 * bytes) / this.#bytes),
            reading("agent.data_saving_count", economySteps.indexOf(this.step())),
          ]),
    ];
  }
}
