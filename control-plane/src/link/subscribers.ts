import { createHash } from "node:crypto";
import type { Client } from "aedes";
import {
  EVENTS_ROOT,
  formatTopic,
  limits,
  ProtocolError,
  TELEMETRY_ROOT,
  type RefusalReason,
} from "@edgemere/protocol";
import { Reconciler, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { may, type Authenticate } from "../platform/caller.ts";
import type { DomainEvent } from "../platform/domain-event.ts";
import type { Counter } from "../platform/figures.ts";
import type { Store } from "../platform/store.ts";
import type { ServerIdentity } from "./authority.ts";
import { paceOf } from "./guard.ts";
import { SERVER_UNAVAILABLE, startMqttServer, type Hooks } from "./mqtt-server.ts";
import type { PacketLimits } from "./packet-sizes.ts";
import { tellTelemetry, type Arrivals, type ArrivalsBelow } from "./subscribers-telemetry.ts";
import type { Refusal } from "./refusals.ts";
import { TokenBucket } from "../platform/token-bucket.ts";

interface Parts {
  readonly store: Store;
  readonly authenticate: Authenticate;
  readonly server: ServerIdentity;
  readonly trustDomain: string;
  readonly host: string;
  readonly port: number;
  /** What devices measured; absent: nobody is told. */
  readonly arrivals?: Arrivals | undefined;
  /** What children tell of theirs. */
  readonly arrivalsBelow?: ArrivalsBelow | undefined;
  /** Counts what was refused by listener and reason. */
  readonly refusals?: Counter;
  readonly clock: Clock;
  readonly log: Log;
}

const NAME = "subscribers";
/** What is told below a root, to whom. */
const EVENTS = { root: EVENTS_ROOT, permission: "event:read" };
const TELEMETRY = { root: TELEMETRY_ROOT, permission: "telemetry:read" };
// A revoked token is out within a second.
const CHECKED_EVERY = SECOND / 2;
/** Events under way to subscribers at one time; more wait in the log, where they are safe. */
const WINDOW = 500;
/** Guesses at a token, all addresses together. */
const ATTEMPTS = { perSecond: 20, burst: 100 };

// Subscribers say little: a password, filters, and acknowledgements.
const subscriberLimits: PacketLimits = { connectBytes: limits.connectBytes, packetBytes: limits.connectBytes };
const subscriberRates = {
  bytes: { perSecond: 256 * 1024, burst: 1024 * 1024 },
  packets: { perSecond: 5_000, burst: 20_000 },
};

const refusal = (returnCode: number, message: string) => Object.assign(new Error(message), { returnCode });

/**
 * MQTT for people and programs: an API token as password; domain events as CloudEvents on `edgemere/v1/events/{class}/{event}`, and
 * samples on `edgemere/v1/telemetry/{device}`, where the id of a child's device is two levels.
 */
export async function startSubscribers(parts: Parts): Promise<{ readonly port: number } & AsyncDisposable> {
  const { store, authenticate, arrivals, clock, log } = parts;
  const count = (reason: Refusal["reason"]) => parts.refusals?.add([NAME, reason]);
  /** Counted here; what ends a connection otherwise, by the server. */
  const refuse = (reason: RefusalReason, message: string) => {
    count(reason);
    return new ProtocolError(reason, message);
  };
  const branches = arrivals === undefined ? [EVENTS] : [EVENTS, TELEMETRY];
  /** What was shown at the door; of those who came in, in `credentials` for as long as they stay. */
  const shown = new WeakMap<Client, string>();
  const credentials = new Map<Client, string>();
  const attempts = new TokenBucket(ATTEMPTS, clock.monotonic());
  /** What each of them has asked for. */
  const heard = new WeakMap<Client, Set<typeof EVENTS>>();
  const asked = new WeakMap<Client, Set<string>>();
  const filtersOf = (client: Client): Set<string> => {
    const filters = asked.get(client) ?? new Set();
    asked.set(client, filters);
    return filters;
  };
  const allowed = async (credential: string) => {
    const identity = await authenticate(credential);
    return branches.filter(({ permission }) => identity !== undefined && may(identity, permission));
  };

  const hooks: Hooks = {
    preConnect: (_, packet, done) => {
      if (!attempts.tryTake(1, clock.monotonic()))
        return done(refuse("too-many", "too many connections at once"), false);
      if (packet.will !== undefined) return done(refuse("not-yours", "subscribers have no will"), false);
      // Two people may choose the same client id: each token has names of its own. Nothing is kept between sessions.
      const owner = createHash("sha256")
        .update(packet.password ?? "")
        .digest("base64url")
        .slice(0, 16);
      Object.assign(packet, { clientId: `${owner}-${packet.clientId ?? ""}`, clean: true });
      return done(null, true);
    },
    authenticate: (client, _, password, done) => {
      const credential = password?.toString() ?? "";
      allowed(credential).then(
        (open) => {
          if (open.length === 0) {
            const needed = branches.map(({ permission }) => permission).join(" or ");
            return done(refusal(4, `the password must be an API token with the permission ${needed}`), null);
          }
          shown.set(client, credential);
          heard.set(client, new Set());
          return done(null, true);
        },
        (error: unknown) => {
          log.error("token not checked", { error });
          count("failed");
          done(refusal(SERVER_UNAVAILABLE, "cannot tell right now"), null);
        },
      );
    },
    authorizePublish: (_, __, done) => done(refuse("wrong-direction", "subscribers only listen")),
    authorizeSubscribe: (client, subscription, done) => {
      const branch = branches.find(({ root }) => subscription.topic.startsWith(root));
      // The filters of one packet are all judged before the first of them is the broker's.
      const filters = filtersOf(client);
      const isFull = !filters.has(subscription.topic) && filters.size >= limits.filters;
      if (branch === undefined || isFull) {
        count(isFull ? "too-many" : "unknown-topic");
        return done(null, null);
      }
      filters.add(subscription.topic);
      allowed(shown.get(client) ?? "").then(
        (open) => {
          if (!open.includes(branch)) {
            count("not-yours");
            filters.delete(subscription.topic);
            return done(null, null);
          }
          heard.get(client)?.add(branch);
          done(null, { ...subscription, qos: Math.min(subscription.qos, 1) as 0 | 1 });
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
    authorizeForward: (_, packet) => (branches.some(({ root }) => packet.topic.startsWith(root)) ? packet : null),
  };
  const mqtt = await startMqttServer({
    ...parts,
    name: NAME,
    limits: subscriberLimits,
    entered: () => ({ pace: paceOf(subscriberRates, clock.monotonic()) }),
    refused: ({ reason, message }) => {
      count(reason);
      log.debug("subscriber refused", { reason, detail: message });
    },
    hooks,
  });
  mqtt.broker.on("unsubscribe", (topics, client) => {
    for (const topic of topics) filtersOf(client).delete(topic);
  });
  mqtt.broker.on("clientReady", (client) => credentials.set(client, shown.get(client) ?? ""));
  mqtt.broker.on("clientDisconnect", (client) => credentials.delete(client));

  const publish = (topic: string, payload: Buffer) =>
    new Promise<void>((resolve) => {
      // A subscriber that could not be reached is the broker's to end; what was told stays in the store.
      mqtt.broker.publish({ cmd: "publish", topic, payload, qos: 1, retain: false, dup: false }, () => resolve());
    });
  const tell = (event: DomainEvent) => {
    const [name = "", word = ""] = event.type.split(".");
    const payload = Buffer.from(JSON.stringify(cloudEvent(event, parts.trustDomain)));
    return publish(formatTopic("domainEvent", { class: name, event: word }), payload);
  };

  let position = store.lastNumber;
  const outlet = new Reconciler(
    {
      name: "events to subscribers",
      every: 60 * SECOND,
      onError: (error) => log.error("loop failed", { loop: "events to subscribers", error }),
      step: async () => {
        if (credentials.size === 0) position = store.lastNumber;
        const events = await store.events(position, WINDOW);
        await Promise.all(events.map(tell));
        position = events.at(-1)?.number ?? position;
        return events.length > 0 ? "more" : "settled";
      },
    },
    clock,
  );
  const check = new Reconciler(
    {
      name: "check subscribers' tokens",
      every: CHECKED_EVERY,
      onError: (error) => log.error("loop failed", { loop: "check subscribers' tokens", error }),
      step: async () => {
        for (const [client, credential] of credentials) {
          const open = await allowed(credential);
          const isAllowed = open.length > 0 && [...(heard.get(client) ?? [])].every((each) => open.includes(each));
          if (isAllowed) continue;
          count("not-admitted");
          client.close();
        }
        return "settled";
      },
    },
    clock,
  );
  const isHeard = () => [...credentials.keys()].some((client) => heard.get(client)?.has(TELEMETRY));
  const telemetry = arrivals && tellTelemetry({ arrivals, below: parts.arrivalsBelow, isHeard, publish, clock, log });
  const unsubscribe = store.onCommit(() => outlet.kick());
  outlet.start();
  check.start();

  return {
    port: mqtt.port,
    [Symbol.asyncDispose]: async () => {
      unsubscribe();
      await Promise.all([
        outlet[Symbol.asyncDispose](),
        telemetry?.[Symbol.asyncDispose](),
        check[Symbol.asyncDispose](),
        mqtt[Symbol.asyncDispose](),
      ]);
    },
  };
}

/** CloudEvents 1.0 in structured JSON. `sequence` (an extension attribute of that specification) is the event's number. */
export const cloudEvent = ({ number, type, subject, at, data }: DomainEvent, trustDomain: string) => ({
  specversion: "1.0",
  id: String(number),
  source: `edgemere://${trustDomain}`,
  type: `edgemere.${type}`,
  subject,
  // oxlint-disable-next-line no-restricted-globals -- a given instant as RFC 3339 text; no clock is read
  time: new Date(at).toISOString(),
  datacontenttype: "application/json",
  sequence: String(number).padStart(16, "0"),
  data,
});
