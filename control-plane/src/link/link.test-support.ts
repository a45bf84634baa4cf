import { createPublicKey } from "node:crypto";
import { pack, privateKeyFromSeed, type Encodable, type Trust, type v1 } from "@edgemere/protocol";
import { silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { put } from "../platform/change.ts";
import { RecordingCarrier } from "../platform/core.test-support.ts";
import { memoryDatabase, type Database } from "../platform/database.ts";
import {
  feature,
  type Alarm,
  type MessageKey,
  type Offer,
  type Received,
  type SessionNews,
} from "../platform/feature.ts";
import { table } from "../platform/resource.ts";
import type { Signer } from "../platform/signer.ts";
import { Store } from "../platform/store.ts";
import type { LinkParts } from "./link-parts.ts";
import { Link } from "./link.ts";

export const device = "device-1";
export const signingKey = { keyId: "test", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
/** Believes what is signed with it. */
export const trust: Trust = () => ({
  threshold: 1,
  keys: new Map([[signingKey.keyId, createPublicKey(signingKey.privateKey)]]),
});
const kept = table<{ readonly id: string; readonly detail: string }>("kept");

type Room = Pick<LinkParts<object>, "generation" | "isTakingRecords"> & {
  readonly signer?: Partial<Signer>;
  /** What the device signs with. */
  readonly messageKey?: MessageKey;
  /** Whether the feature has a bug that shows with these records. */
  readonly fails?: (received: Received) => boolean;
  /** Whether it has one that shows with this news of a session. */
  readonly failsOnNews?: (news: SessionNews) => boolean;
  /** Whether it has one that shows when it is asked what waits for a device. */
  readonly failsOnOffers?: () => boolean;
};

/** A link with one feature: it keeps agents' events, writes down what it is told, and offers what it was given. */
export async function aLink(offer: Partial<Offer> = {}, database: Database = memoryDatabase(), room: Room = {}) {
  const clock = new ManualClock();
  const store = await Store.open(database, clock);
  const news: SessionNews[] = [];
  const alarms: Alarm[] = [];
  const received: Received[] = [];
  /** Body, command and phase of each record of a result. */
  const results: (readonly [string, string, number])[] = [];
  const carrier = new RecordingCarrier();
  const { generation, isTakingRecords } = room;
  const link = new Link<object>({
    ...(generation && { generation }),
    ...(isTakingRecords && { isTakingRecords }),
    store,
    clock,
    log: silentLog,
    context: {},
    signer: { keysFor: () => [signingKey], keyringVersion: 3, keyringsAfter: () => [], ...room.signer },
    brokerAddresses: () => ["mqtts://one.test:8883"],
    features: [
      feature<object>({
        name: "listener",
        resources: [],
        actions: [],
        sessions: async (each) => {
          if (room.failsOnNews?.(each) === true) throw new Error("a bug");
          news.push(each);
          return [];
        },
        alarms: async (each) => {
          alarms.push(each);
          return [];
        },
        messageKey: async () => room.messageKey,
        offers: async () => {
          if (room.failsOnOffers?.() === true) throw new Error("a bug");
          return { ids: [], commands: [], cancelled: [], latestSequence: 0, more: false, ...offer };
        },
        receives: {
          result: async ({ records }) => {
            for (const { body, commandReport } of records)
              results.push([body ?? "", commandReport?.command ?? "", commandReport?.phase ?? 0]);
            return [];
          },
          telemetry: async (each) => {
            if (room.fails?.(each) === true) throw new Error("a bug");
            received.push(each);
            return [];
          },
          event: async (each) => {
            if (room.fails?.(each) === true) throw new Error("a bug");
            received.push(each);
            return each.records.map(({ sequence, agentEvent, gap }) =>
              put(kept, { id: String(sequence), detail: agentEvent?.detail ?? gap?.reason ?? "" }),
            );
          },
        },
      }),
      feature<object>({ name: "silent", resources: [], actions: [] }),
    ],
  });
  link.attach(carrier);
  const say = (topic: string, payload: Uint8Array) => link.arrived(device, topic, payload, "192.0.2.1");
  const hello = (sessionEpoch = 1, more: Encodable<typeof v1.Hello> = {}) => {
    const { topic, payload } = pack("hello", { device }, { bootId: "boot-1", ...more, sessionEpoch });
    return say(topic, payload);
  };
  const bye = (sessionEpoch: number, reason = "lost") => {
    const { topic, payload } = pack("bye", { device }, { sessionEpoch, reason });
    return say(topic, payload);
  };
  const send = (batch: Encodable<typeof v1.RecordBatch>) => {
    const { topic, payload } = pack("event", { device }, { sessionEpoch: 1, firstUnacknowledged: 1, ...batch });
    return say(topic, payload);
  };
  /** Records of agents' events from a number on. */
  const report = (from: number, ...details: readonly string[]) =>
    send({
      records: details.map((detail, i) => ({ sequence: from + i, atMs: 1, agentEvent: { name: "event", detail } })),
    });
  const details = async () => (await store.list(kept)).items.map(({ detail }) => detail);
  return { link, clock, store, carrier, news, alarms, received, results, hello, bye, send, report, say, details };
}

export const acknowledged = (
  acknowledgements: readonly { readonly stream?: string; readonly upTo?: number }[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(acknowledgements.map(({ stream = "", upTo = 0 }) => [stream, upTo]));
