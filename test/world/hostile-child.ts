import { ColumnEncoder } from "@edgemere/protocol";
import { HOUR, MINUTE } from "@edgemere/protocol/kit";
import { ask, type Answer } from "./faces.ts";
import type { World } from "./world.ts";

/** An hour of a device as a child tells it. */
export interface ToldHour {
  readonly origin: string;
  readonly device: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: string;
  readonly hour: number;
  readonly version: string;
  readonly windows: string;
  readonly gaps: readonly object[];
}

/** The hour that goes on, without windows. */
export function anHour(over: Partial<ToldHour> = {}): ToldHour {
  const now = Date.now();
  return {
    origin: "evil",
    device: "d1",
    name: "d1",
    labels: {},
    machine: "",
    hour: Math.floor(now / HOUR) * HOUR,
    version: `000001.${String(now).padStart(16, "0")}.00000000`,
    windows: "",
    gaps: [],
    ...over,
  };
}

const ROOM = 1024 ** 3;
const REASON = "x".repeat(64);

/** As many values as a face takes in one request. */
const LONG_HOURS = 80;

/** Hours of a device, back from one that began so many hours ago, each as long as one without windows can be. */
export const longHours = (ago: number, over: Partial<ToldHour> = {}): readonly ToldHour[] =>
  Array.from({ length: LONG_HOURS }, (_, place) => {
    const hour = anHour().hour - (ago + place) * HOUR;
    const gaps = Array.from({ length: 20 }, (__, gap) => ({ from: hour, to: hour + gap, records: 1, reason: REASON }));
    return anHour({ ...over, hour, gaps });
  });

/** A control plane that somebody took over, with the token of a child: it says what it likes. */
export class HostileChild {
  readonly baseUrl: string;
  readonly token: string;
  #position = "";

  constructor({ baseUrl, token }: Pick<HostileChild, "baseUrl" | "token">) {
    this.baseUrl = baseUrl;
    this.token = token;
  }

  /** May tell of so many devices of that control plane. */
  static async declared(
    world: World,
    name: string,
    devicesAtMost: number,
    { origin = "evil", bytesAtMost = ROOM }: { readonly origin?: string; readonly bytesAtMost?: number } = {},
  ): Promise<HostileChild> {
    const { id, token } = await world.client.call("ia/token/create", { name, permissions: ["telemetry:report"] });
    const granted = { devicesAtMost, bytesAtMost };
    await world.client.call("cpl/ta/child/create", { name, reporter: id, origins: [origin], ...granted });
    return new HostileChild({ baseUrl: world.baseUrl, token });
  }

  /** Says it where the parent stands. */
  async tell(reports: readonly ToldHour[], over: object = {}): Promise<Answer> {
    const position = `${this.#position}x`.slice(-100);
    const input = { after: this.#position, position, reports, waiting: 0, lost: 0, ...over };
    const answer = await ask(`${this.baseUrl}/edgemere/cpl/ta/child/report`, "POST", { token: this.token, input });
    const { position: stands } = answer.body;
    if (typeof stands === "string") this.#position = stands;
    return answer;
  }
}

const MINUTES = HOUR / MINUTE;
const BUCKETS = 2_048;

/** Some kilobytes that say that there are so many series, each of whose minutes has the largest sketch that there can be. */
export function enormousHour(series: number): string {
  const columns = new ColumnEncoder();
  const rows = MINUTES * BUCKETS;
  const sketches = [
    Array.from({ length: MINUTES }, () => BUCKETS),
    Array.from({ length: MINUTES }, () => 0),
    Array.from({ length: rows }, (_, bucket) => bucket % BUCKETS),
    Array.from({ length: rows }, () => 1),
  ].map((column) => Uint8Array.from(columns.encode(column)));
  const all = Array.from({ length: series }, () => [Uint8Array.of(97), ...sketches]).flat();
  return Buffer.from(frameOf([Uint8Array.of(97), new Uint8Array(), frameOf(all)])).toString("base64");
}

/** Blocks behind their number and their lengths. */
const frameOf = (blocks: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([...[blocks.length, ...blocks.map(({ length }) => length)].map(varint), ...blocks]);

function varint(value: number): Uint8Array {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) return Uint8Array.from(bytes);
  }
}
