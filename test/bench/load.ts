import type { MakeRecord, MqttDevice } from "./mqtt-device.ts";
import { useOf } from "./process-use.ts";

/** A server, which may be several processes, with devices on it. */
export interface Side {
  readonly pids: readonly number[];
  readonly devices: readonly MqttDevice[];
  /** Resolves when so many messages more are where they are to be, if that is later than their answer. */
  readonly arrived?: (messages: number) => Promise<void>;
}

/** What each device sends in a round. */
export interface Sent {
  readonly count: number;
  readonly make?: MakeRecord;
}

export interface Round {
  readonly perSecond: number;
  /** Milliseconds of the server's CPU for one message. */
  readonly cpu: number;
  /** The same by process. */
  readonly cpuOfEach: readonly number[];
  /** Milliseconds from sending to each answer. */
  readonly puback: readonly number[];
  readonly ack: readonly number[];
}

type Send = (message: ReturnType<MqttDevice["prepare"]>[number]) => Promise<void>;
/** In which way one device sends its messages. */
export type Pace = (messages: ReturnType<MqttDevice["prepare"]>, send: Send, place: number) => Promise<void>;

/** Each device has `window` messages under way, and sends the next as one is answered. */
export const burst =
  (window: number): Pace =>
  async (messages, send) => {
    const waiting = messages.values();
    const lane = async () => {
      for (const message of waiting) await send(message);
    };
    await Promise.all(Array.from({ length: window }, lane));
  };

/** Each device sends a message every so many milliseconds, whatever becomes of the one before; devices spread over that time by their place in 0..1. */
export const paced =
  (every: number): Pace =>
  async (messages, send, place) => {
    const from = performance.now() + place * every;
    const sent: Promise<void>[] = [];
    for (const [i, message] of messages.entries()) {
      await new Promise((resolve) => setTimeout(resolve, from + i * every - performance.now()));
      sent.push(send(message));
    }
    await Promise.all(sent);
  };

/** One round on one side: prepared first, then sent, until the last answer. */
export async function measured({ pids, devices, arrived }: Side, pace: Pace, { count, make }: Sent): Promise<Round> {
  const prepared = devices.map((device) => ({ device, messages: device.prepare(count, make) }));
  const before = await Promise.all(pids.map(useOf));
  const from = performance.now();
  await Promise.all(
    prepared.map(({ device, messages }, i) => pace(messages, (each) => device.send(each), i / devices.length)),
  );
  await Promise.all(devices.map((device) => device.settled()));
  const elapsed = performance.now() - from;
  const sent = count * devices.length;
  await arrived?.(sent);
  const after = await Promise.all(pids.map(useOf));

  const each = after.map(({ cpu }, i) => (cpu - (before[i]?.cpu ?? 0)) / sent);
  return {
    perSecond: (sent * 1_000) / elapsed,
    cpu: each.reduce((sum, cpu) => sum + cpu, 0),
    cpuOfEach: each,
    puback: devices.flatMap(({ answers }) => answers.puback.splice(0)),
    ack: devices.flatMap(({ answers }) => answers.ack.splice(0)),
  };
}
