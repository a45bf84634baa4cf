import { formatTopic } from "@edgemere/protocol";
import { Reconciler, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";

/** Samples of one device that came together. */
interface Arrival {
  /** Of a device of a child with a slash: origin and id there. */
  readonly device: string;
  readonly arrivedAt: number;
  readonly isEstimated?: boolean;
  /** Of those of a child: which it is, and that each value is the last one of a minute. */
  readonly child?: string;
  readonly resolution?: string;
  readonly series: readonly {
    readonly metric: string;
    readonly instance: string;
    readonly at: readonly number[];
    readonly value: readonly number[];
  }[];
}

/** What arrived behind a position, or since an instant where there is none yet. */
export type Arrivals = (asked: {
  readonly after?: string;
  readonly since?: number;
  readonly limit: number;
}) => Promise<{
  readonly arrivals: readonly Arrival[];
  readonly position?: string;
}>;

/** What children tell of their devices, taken as it comes. */
export interface ArrivalsBelow {
  readonly take: (limit: number) => readonly Arrival[];
  /** Nobody listens. */
  readonly forget: () => void;
}

interface Parts {
  readonly arrivals: Arrivals;
  readonly below?: ArrivalsBelow | undefined;
  /** Whether anybody has asked for it. */
  readonly isHeard: () => boolean;
  readonly publish: (topic: string, payload: Buffer) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY = SECOND;
const ARRIVALS = 100;
/** Samples of one message: it stays far below what a broker takes. */
const SAMPLES = 2_000;

/** Tells subscribers what arrives, from the moment somebody listens. Whoever must miss nothing reads `cpl/ta/arrivals` instead. */
export function tellTelemetry({ arrivals, below, isHeard, publish, clock, log }: Parts): Reconciler {
  let since = clock.now();
  let after: string | undefined;
  const name = "telemetry to subscribers";
  const tell = async (told: readonly Arrival[]) => {
    for (const arrival of told)
      for (const message of messagesOf(arrival)) await publish(topicOf(arrival), Buffer.from(JSON.stringify(message)));
  };
  const outlet = new Reconciler(
    {
      name,
      every: EVERY,
      onError: (error) => log.error("loop failed", { loop: name, error }),
      step: async () => {
        if (!isHeard()) {
          [since, after] = [clock.now(), undefined];
          below?.forget();
          return "settled";
        }
        const found = await arrivals({ ...(after === undefined ? { since } : { after }), limit: ARRIVALS });
        await tell(found.arrivals);
        after = found.position ?? after;
        const theirs = below?.take(ARRIVALS) ?? [];
        await tell(theirs);
        return found.arrivals.length + theirs.length > 0 ? "more" : "settled";
      },
    },
    clock,
  );
  outlet.start();
  return outlet;
}

function topicOf({ device }: Arrival): string {
  const [origin = "", theirs] = device.split("/");
  return theirs === undefined ? formatTopic("samples", { device }) : formatTopic("samplesBelow", { origin, theirs });
}

/** An arrival in pieces of a size that any client takes. */
export function messagesOf({ series, ...head }: Arrival): readonly Arrival[] {
  const pieces = series.flatMap(({ at, value, ...named }) =>
    Array.from({ length: Math.ceil(at.length / SAMPLES) }, (_, place) => {
      const [from, to] = [place * SAMPLES, (place + 1) * SAMPLES];
      return { ...named, at: at.slice(from, to), value: value.slice(from, to) };
    }),
  );
  const messages: (typeof pieces)[] = [];
  let room = 0;
  for (const piece of pieces) {
    const last = messages.at(-1);
    if (last !== undefined && piece.at.length <= room) last.push(piece);
    else {
      messages.push([piece]);
      room = SAMPLES;
    }
    room -= piece.at.length;
  }
  return messages.map((each) => ({ ...head, series: each }));
}
