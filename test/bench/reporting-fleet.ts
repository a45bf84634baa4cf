import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "@edgemere/agent";
import { MqttDevice, type MakeRecord } from "./mqtt-device.ts";

/** Milliseconds between two reports of a device. */
export const EVERY = 10_000;
/** Devices that connect at a time. */
export const AT_ONCE = 64;

const busy: MakeRecord = (_, baseMs) => ({
  telemetry: { baseMs, offsetMs: [0], series: [{ metric: "cpu.busy_percent", instance: "", values: [10] }] },
});

/** Devices that report as long as they have a connection. */
export class ReportingFleet implements AsyncDisposable {
  readonly #members: { readonly identity: Identity; readonly place: number; device?: MqttDevice }[];
  readonly #living = new Set<Promise<void>>();

  constructor(identities: readonly Identity[]) {
    this.#members = identities.map((identity, i) => ({ identity, place: i / identities.length }));
  }

  /** All of them, anew; gives the seconds it took. */
  async connect(port: number, reports: boolean): Promise<number> {
    await this[Symbol.asyncDispose]();
    const begun = performance.now();
    const waiting = this.#members.values();
    const lane = async () => {
      for (const member of waiting) {
        const device = await MqttDevice.connect(member.identity, `mqtts://127.0.0.1:${port}`, reports, member.device);
        member.device = device;
        if (!reports) continue;
        await device.hello();
        const living = this.#live(device, member.place).catch(() => {});
        this.#living.add(living);
        void living.then(() => this.#living.delete(living));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return (performance.now() - begun) / 1_000;
  }

  /** Ends their connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map(async ({ device }) => device?.[Symbol.asyncDispose]()));
    await Promise.all(this.#living);
  }

  /** Until its connection ends. */
  async #live(device: MqttDevice, place: number): Promise<void> {
    await Promise.race([sleep(place * EVERY), device.lost]);
    for (;;) {
      const [message] = device.prepare(1, busy, EVERY);
      if (message !== undefined) await device.send(message);
      await device.settled();
      await Promise.race([sleep(EVERY), device.lost]);
    }
  }
}
