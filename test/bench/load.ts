import type { MqttDevice } from "./mqtt-device.ts";
import { useOf } from "./process-use.ts";

/** A server with devices on it. */
export interface Side {
  readonly pid: number;
  readonly devices: readonly MqttDevice[];
}

export interface Round {
  readonly perSecond: number;
  /** Milliseconds of the server's CPU for one message. */
  readonly cpu: number;
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
export async function measured({ pid, devices }: Side, pace: Pace, count: number): Promise<Round> {
  const prepared = devices.map((device) => ({ device, messages: device.prepare(count) }));
  const before = await useOf(pid);
  const from = performance.now();
  await Promise.all(
    prepared.map(({ device, messages }, i) => pace(messages, (each) => device.send(each), i / devices.length)),
  );
  await Promise.all(devices.map((device) => device.settled()));
  const elapsed = performance.now() - from;
  const after = await useOf(pid);

  const sent = count * devices.length;
  return {
    perSecond: (sent * 1_000) / elapsed,
    cpu: (after.cpu - before.cpu) / sent,
    puback: devices.flatMap(({ answers }) => answers.puback.splice(0)),
    ack: devices.flatMap(({ answers }) => answers.ack.splice(0)),
  };
}
