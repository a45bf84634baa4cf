import { commandLife, streamNames, unpack, type Packet, type Record_, type StreamName } from "@edgemere/protocol";
import type { ControlPlaneWatch, SimulatedFeature } from "./simulated-control-plane.ts";
import type { DeviceWatch, Machine } from "./simulated-device.ts";

type Receives = NonNullable<SimulatedFeature["receives"]>;

// The keys under which the store keeps events, and up to where each stream is stored.
const EVENT = "sevent\u0000";
const WATERMARK = "srow\u0000swatermark\u0000";
const decoder = new TextDecoder();

interface Position {
  readonly next: number;
  readonly firstUnacknowledged: number;
}

/** Counts what a fleet does, without keeping it: what a device has numbered, what the control plane has stored of that. */
export class FleetBooks implements ControlPlaneWatch, DeviceWatch {
  readonly #positions = new Map<string, Position>();
  readonly #commands = new Map<string, string>();
  readonly #effects = new Map<string, number>();
  /** Up to which number each stream is stored. */
  readonly #received = new Map<string, number>();
  /** The gaps of each stream: from which number up to which. */
  readonly #gaps = new Map<string, Map<number, number>>();
  #tasks = 0;

  readonly feature: SimulatedFeature = {
    name: "counter",
    resources: [],
    actions: [],
    receives: Object.fromEntries(
      streamNames.map((stream: StreamName): [StreamName, NonNullable<Receives[StreamName]>] => [
        stream,
        async ({ device, records }) => {
          for (const record of records) this.#note(`${device}/${stream}`, record);
          return [];
        },
      ]),
    ),
  };

  readonly started = () => {};
  readonly sent = () => {};
  readonly admits = () => true;
  readonly found = async () => {};
  readonly mended = () => {};
  readonly synced = () => {};
  readonly changed = () => {};

  readonly landed: ControlPlaneWatch["landed"] = (operations) => {
    for (const operation of operations) {
      if (operation.type === "del") continue;
      if (operation.key.startsWith(WATERMARK)) {
        const { id, upTo } = JSON.parse(decoder.decode(operation.value)) as { id: string; upTo: number };
        this.#received.set(id, upTo);
      } else if (operation.key.startsWith(EVENT)) this.#event(decoder.decode(operation.value));
    }
  };

  readonly effect = (_: Machine, name: string) => {
    this.#effects.set(name, (this.#effects.get(name) ?? 0) + 1);
  };

  published({ device }: Machine, { topic, payload }: Packet): void {
    if (!topic.endsWith("/hello")) return;
    const { name, message } = unpack(topic, payload);
    if (name !== "hello") return;
    for (const { stream = "", next = 1, firstUnacknowledged = 1 } of message.streams)
      this.#positions.set(`${device}/${stream}`, { next, firstUnacknowledged });
  }

  /** A job for one device: something harmless, or something that must not happen twice. */
  task(device: string, isOnce: boolean): object {
    const task = isOnce ? { kind: "exec", arguments: { argv: ["work", `effect-${++this.#tasks}`] } } : { kind: "ping" };
    return { device, ...task, queueTimeout: 2 * 3_600, runTimeout: 600 };
  }

  get openCommands(): number {
    return [...this.#commands.values()].filter((state) => !commandLife.isFinal(state)).length;
  }

  sums() {
    const positions = [...this.#positions];
    const sum = (numberOf: (position: Position, received: number) => number) =>
      positions.reduce((total, [key, each]) => total + numberOf(each, this.#received.get(key) ?? 0), 0);
    const explained = [...this.#gaps].flatMap(([key, gaps]) =>
      [...gaps].map(([from, upTo]) => Math.max(0, Math.min(upTo, this.#received.get(key) ?? 0) - from + 1)),
    );
    const given = explained.reduce((total, each) => total + each, 0);
    const effects = [...this.#effects.values()];
    return {
      produced: sum(({ next }, received) => Math.max(next - 1, received)),
      stored: sum((_, received) => received) - given,
      explained: given,
      waiting: sum(({ next }, received) => Math.max(0, next - 1 - received)),
      lost: sum(({ firstUnacknowledged }, received) => Math.max(0, firstUnacknowledged - 1 - received)),
      commands: this.#commands.size,
      ended: this.#commands.size - this.openCommands,
      effects: effects.length,
      effectsTwice: effects.filter((times) => times > 1).length,
    };
  }

  #event(text: string): void {
    if (!text.includes('"type":"command.')) return;
    const { subject, data } = JSON.parse(text) as { subject: string; data: { readonly state: string } };
    this.#commands.set(subject, data.state);
  }

  #note(key: string, { body, gap, sequence }: Record_): void {
    if (body !== "gap" || !gap) return;
    const gaps = this.#gaps.get(key) ?? new Map<number, number>();
    this.#gaps.set(key, gaps.set(sequence, gap.upTo));
  }
}
