import type { StreamName } from "@edgemere/protocol";
import type { Received } from "../platform/feature.ts";
import { Counter, gauge, total, type Family } from "../platform/figures.ts";

/** Counts what devices say and what of it is stored. */
export class Traffic {
  readonly #messages = new Counter({ name: "edgemere_messages", help: "Messages of devices that came, by topic" }, [
    "message",
  ]);
  readonly #batches = new Counter({ name: "edgemere_batches", help: "Batches of records that are stored" }, ["stream"]);
  readonly #records = new Counter({ name: "edgemere_records", help: "Records that are stored, each once" }, ["stream"]);
  readonly #samples = new Counter({ name: "edgemere_samples", help: "Telemetry samples that are stored, each once" });

  constructor() {
    this.#samples.add([], 0);
  }

  arrived(message: string): void {
    this.#messages.add([message]);
  }

  stored(stream: StreamName, { records, samples }: Pick<Received, "records" | "samples">): void {
    this.#batches.add([stream]);
    this.#records.add([stream], records.length);
    let values = 0;
    for (const { offsetMs, series } of samples.values()) values += offsetMs.length * series.length;
    this.#samples.add([], values);
  }

  /** With what is told of the link beside what is counted here. */
  figures(
    refusals: Readonly<Record<string, number>>,
    sessions: number,
    queue: { readonly bytes: number; readonly messages: number },
  ): readonly Family[] {
    return [
      this.#messages.figure(),
      this.#batches.figure(),
      this.#records.figure(),
      this.#samples.figure(),
      total(
        { name: "edgemere_refusals", help: "What devices said and was not taken, by reason" },
        Object.entries(refusals).map(([reason, count]) => [{ reason }, count]),
      ),
      gauge({ name: "edgemere_sessions", help: "Devices that have a session now" }, [[{}, sessions]]),
      gauge({ name: "edgemere_ingest_queue_bytes", help: "What came from devices and is not stored yet" }, [
        [{}, queue.bytes],
      ]),
      gauge({ name: "edgemere_ingest_queue_messages", help: "Messages of devices that are not stored yet" }, [
        [{}, queue.messages],
      ]),
    ];
  }
}
