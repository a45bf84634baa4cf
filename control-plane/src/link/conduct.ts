import { parseTopic } from "@edgemere/protocol";
import { MINUTE, type Clock } from "@edgemere/protocol/kit";
import { TokenBucket, type Rate } from "../platform/token-bucket.ts";
import type { Watch } from "./guard.ts";
import { Remembered } from "./remembered.ts";

/** What a device does that costs the others something when it is overdone. */
export type Deed =
  /** A message that it sends on its own account. */
  | "message"
  /** What commands make it say: as much as the control plane asks for. */
  | "report"
  /** A filter, or a ping. */
  | "request"
  /** A connection that it opened as far as saying who it is. */
  | "connection"
  /** Bytes that no agent of this protocol sends: refused as a whole. */
  | "refused";

/**
 * What nobody exceeds who keeps to the protocol. A backlog is no excuse, and needs none: it goes in batches as full as the road
 * allows, 8 KiB at least, telemetry and log at 256 KiB a second (the agent's decisions/0004), which makes 32 messages a second.
 */
export const allowances: Readonly<Record<Deed, Rate>> = {
  message: { perSecond: 50, burst: 400 },
  report: { perSecond: 100, burst: 2_000 },
  request: { perSecond: 10, burst: 300 },
  connection: { perSecond: 1, burst: 60 },
  refused: { perSecond: 1, burst: 50 },
};

/** What it is to send a message on this topic, whoever's it is. */
export function deedOf(topic: string): Deed {
  const name = parseTopic(topic)?.name;
  return name === "result" || name === "log" || name === "terminal" ? "report" : "message";
}

/** What is read before it is handled. */
const READ_AHEAD = ["message", "report"] as const;
/** Whoever has used up more than this share of such an allowance is worth a look. */
const SUSPECT_FROM = 1 / 8;

const WORDS: Readonly<Record<Deed, string>> = {
  message: "messages",
  report: "messages about commands",
  request: "subscriptions and pings",
  connection: "connections",
  refused: "messages that are refused",
};

const DEVICES_REMEMBERED = 10_000;
/** What goes on is told again, since the first word of it may not have been stored. */
const TOLD_AGAIN_AFTER = MINUTE;

interface Known {
  readonly buckets: Map<Deed, TokenBucket>;
  /** When it was told last that this device goes too far; undefined while it does not. */
  toldAt?: number;
}

/**
 * Tells a device that floods from one that works. Each deed has an allowance that fills up with time; who has used one up is held
 * back from then on, until an operator pardons it. Lives in memory: after a restart a device that goes on shows it again.
 */
export class Conduct {
  readonly #clock: Clock;
  readonly #accuse: (device: string, reason: string) => void;
  readonly #devices = new Remembered<Known>(DEVICES_REMEMBERED, ({ toldAt }) => toldAt === undefined);

  /** `accuse` is told of each device that goes too far, with the reason in words for an operator. */
  constructor(clock: Clock, accuse: (device: string, reason: string) => void) {
    this.#clock = clock;
    this.#accuse = accuse;
  }

  /** False when it is one too many. */
  note(device: string, deed: Deed): boolean {
    const now = this.#clock.monotonic();
    const known = this.#devices.of(device, () => ({ buckets: new Map() }));
    const bucket = known.buckets.get(deed) ?? new TokenBucket(allowances[deed], now);
    known.buckets.set(deed, bucket);
    if (bucket.tryTake(1, now)) return true;
    if (known.toldAt === undefined || now - known.toldAt >= TOLD_AGAIN_AFTER) {
      known.toldAt = now;
      this.#accuse(device, reasonOf(deed));
    }
    return false;
  }

  /** Whether a device has gone too far and nobody has pardoned it. */
  isHeld(device: string): boolean {
    return this.#devices.find(device)?.toldAt !== undefined;
  }

  /** Whether a device sends more than it should, and has not yet gone too far. */
  isSuspect(device: string): boolean {
    const known = this.#devices.find(device);
    if (known === undefined || known.toldAt !== undefined) return false;
    const now = this.#clock.monotonic();
    return READ_AHEAD.some((deed) => {
      const { burst } = allowances[deed];
      return (known.buckets.get(deed)?.left(now) ?? burst) < burst * (1 - SUSPECT_FROM);
    });
  }

  /** Forgets what a device has done; tells whether it was held. */
  pardon(device: string): boolean {
    const wasHeld = this.isHeld(device);
    this.#devices.forget(device);
    return wasHeld;
  }
}

function reasonOf(deed: Deed): string {
  const { perSecond, burst } = allowances[deed];
  return `it floods the control plane: more than ${burst} ${WORDS[deed]} beyond the ${perSecond} a second that a device may need`;
}

/** Notes the messages of a device as they are read. */
export const watchOf = (device: string, conduct: Pick<Conduct, "note" | "isSuspect">): Watch => ({
  published: (topic) => void conduct.note(device, deedOf(topic)),
  isSuspect: () => conduct.isSuspect(device),
});
