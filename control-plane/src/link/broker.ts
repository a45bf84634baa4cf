import type { TLSSocket } from "node:tls";
import type { AedesPublishPacket, Client } from "aedes";
import {
  formatTopic,
  isDeviceId,
  limits,
  mayPublish,
  mayReceive,
  parseTopic,
  ProtocolError,
  topics,
} from "@edgemere/protocol";
import { Reconciler, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { shownBy, type ShownCertificate } from "../platform/shown-certificate.ts";
import type { ServerIdentity } from "./authority.ts";
import type { Carrier, DeviceMessages } from "./carrier.ts";
import { watchOf } from "./conduct.ts";
import { DevicePaces } from "./device-pace.ts";
import {
  filtersOf,
  hears,
  NotTaken,
  SERVER_UNAVAILABLE,
  startMqttServer,
  type Hooks,
  type MqttServer,
} from "./mqtt-server.ts";
import type { PacketLimits } from "./packet-sizes.ts";
import { startSweep } from "./sweep.ts";
import { TokenBucket } from "../platform/token-bucket.ts";
import { Watchdog } from "./watchdog.ts";

/** Whether the holder of a certificate may connect now. */
export type Admit = (
  device: string,
  /** Absent where somebody else's broker has checked the certificate. */
  serial: string | undefined,
) => Promise<{ readonly kind: "admitted" } | { readonly kind: "refused"; readonly why: string }>;

interface Parts {
  readonly link: DeviceMessages;
  readonly admit: Admit;
  readonly server: ServerIdentity;
  readonly deviceRoots: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly heartbeatEvery?: number;
}

const deviceLimits: PacketLimits = {
  connectBytes: limits.connectBytes,
  // The topic and the packet's own fields come on top of the message.
  packetBytes: limits.messageBytes + 1024,
};
/** A fleet that comes back all at once is let in at this pace; who must wait is told so. */
const CONNECTS = { perSecond: 300, burst: 1_000 };
/** Nothing that a device says or hears may take longer than five looks: at most ten seconds. */
const LOOKS = 5;
const LOOK_EVERY = 2 * SECOND;

// Return codes of CONNACK (MQTT 3.1.1, 3.2.2.3).
const IDENTIFIER_REJECTED = 2;
const BAD_USER_NAME = 4;
const NOT_AUTHORISED = 5;
const refusal = (returnCode: number, message: string) => Object.assign(new Error(message), { returnCode });

/** The embedded broker that devices connect to: mutual TLS, a device is who its certificate says, and speaks for itself only. */
export async function startBroker(parts: Parts): Promise<Pick<MqttServer, "broker" | "port"> & AsyncDisposable> {
  const { link, deviceRoots, clock, log } = parts;
  const connected = new Map<string, Client>();
  const connects = new TokenBucket(CONNECTS, clock.monotonic());
  const paces = new DevicePaces((device) => link.conduct.isHeld(device));
  const watchdog = new Watchdog(LOOKS);
  /** What each connection has said that the broker is not done with. */
  const underWay = new WeakMap<Client, (() => void)[]>();
  /** Read when they come in: to read one is dear, and a socket that has ended meanwhile cannot tell any more. */
  const certificates = new WeakMap<TLSSocket, ShownCertificate>();
  const certificateOf = (client: Client) => {
    const socket = mqtt.socketOf(client);
    return socket && certificates.get(socket);
  };
  const holderOf = (client: Client) => certificateOf(client)?.holder ?? "";
  const judged = (client: Client, named?: unknown) => judge(client, named, certificateOf(client), parts);
  const addressOf = (client: Client) => mqtt.socketOf(client)?.remoteAddress ?? "";
  const isTooMuch = (device: string) =>
    !link.conduct.note(device, "connection") || !connects.tryTake(1, clock.monotonic());
  const begin = (client: Client) => {
    // When it fails inside, aedes never says so, and reads nothing more from this device.
    const ended = watchdog.begin(() => mqtt.socketOf(client)?.destroy(new Error("a message was not handled in time")));
    underWay.set(client, [...(underWay.get(client) ?? []), ended]);
  };
  const end = (client: Client) => underWay.get(client)?.shift()?.();

  const hooks: Hooks = {
    preConnect: (client, packet, done) => {
      const { will, clientId } = packet;
      if (will === undefined || isGoodWill(clientId, will)) return done(null, true);
      const wrong = new ProtocolError("not-yours", "the will is not the device's own bye");
      link.refuse(holderOf(client), wrong);
      return done(wrong, false);
    },
    authenticate: (client, username, password, done) => {
      const device = holderOf(client);
      if (link.conduct.isHeld(device)) mqtt.hold(client);
      if (isTooMuch(device)) {
        link.refuse(device, { reason: "too-many", message: "more connections are tried than can be let in now" });
        return done(refusal(SERVER_UNAVAILABLE, "too many connections at once"), null);
      }
      judged(client, username ?? password).then(
        () => done(null, true),
        (error: unknown) => done(asRefusal(client, error, log), null),
      );
    },
    authorizePublish: (client, packet, done) => {
      const device = client?.id ?? willOwner(packet);
      const wrong = faultOf(device, packet);
      if (wrong !== undefined) {
        link.refuse(device, wrong);
        return done(wrong);
      }
      if (client) begin(client);
      // Durable before PUBACK: what fails here the device must send again.
      link.arrived(device, packet.topic, packet.payload as Buffer, client ? addressOf(client) : "").then(
        () => done(null),
        (error: unknown) => {
          if (client) end(client);
          done(new NotTaken("a message was not stored", { cause: error }));
        },
      );
    },
    published: (_, client, done) => {
      if (client) end(client);
      done();
    },
    authorizeSubscribe: (client, subscription, done) => {
      link.conduct.note(client.id, "request");
      const isFull = filtersOf(client) >= limits.filters;
      const isAllowed = !isFull && subscription.qos <= 1 && mayReceive(client.id, subscription.topic);
      if (!isAllowed)
        link.refuse(client.id, new ProtocolError("not-yours", "a device may subscribe to its own topics only"));
      done(null, isAllowed ? subscription : null);
    },
    authorizeForward: (client, packet) => (mayReceive(client.id, packet.topic) ? packet : null),
  };

  const mqtt = await startMqttServer({
    ...parts,
    name: "devices",
    limits: deviceLimits,
    entered: (socket) => {
      const shown = shownBy(socket);
      if (shown !== undefined) certificates.set(socket, shown);
      const device = shown?.holder ?? "";
      return { pace: paces.of(device), watch: watchOf(device, link.conduct) };
    },
    refused: (refusal, client) => link.refuse(client ? holderOf(client) : "", refusal),
    hooks,
    clients: { ca: [...deviceRoots], requestCert: true, rejectUnauthorized: true },
  });
  mqtt.broker.on("ping", (_, client) => {
    link.conduct.note(client.id, "request");
    link.heard(client.id);
  });
  mqtt.broker.on("unsubscribe", (_, client) => void link.conduct.note(client.id, "request"));
  mqtt.broker.on("clientReady", (client) => {
    // A connection that was taken over takes its session with it: the device may number the next one lower.
    if (connected.has(client.id)) link.dropped(client.id);
    connected.set(client.id, client);
    // Looked at once more: a device that was retired while it came in was not yet among those to be disconnected.
    judged(client).catch(() => client.close());
  });
  mqtt.broker.on("clientDisconnect", (client) => {
    // After a takeover the old connection's end must not end the new one's session.
    if (connected.get(client.id) !== client) return;
    connected.delete(client.id);
    link.dropped(client.id);
  });

  const carrier: Carrier = {
    send: ({ topic, payload, qos }, device) =>
      new Promise((resolve, reject) => {
        // Straight to its connection: nobody else can have subscribed to what is said to it, and it by the whole topic only.
        const to = connected.get(device);
        if (to === undefined || !hears(to, topic)) return resolve();
        const ended = watchdog.begin(() => reject(new Error("a message to a device was not sent in time")));
        const packet = {
          cmd: "publish",
          topic,
          payload: Buffer.from(payload),
          qos,
          retain: false,
          dup: false,
        } as const;
        to.publish(packet, (error) => {
          ended();
          if (error) reject(error);
          else resolve();
        });
      }),
    disconnect: (device, reason) => {
      log.info("device disconnected", { device, reason });
      connected.get(device)?.close();
    },
  };
  link.attach(carrier);
  const watching = new Reconciler(
    {
      name: "end what takes too long",
      every: LOOK_EVERY,
      onError: (error) => log.error("loop failed", { loop: "end what takes too long", error }),
      step: async () => {
        watchdog.look();
        return "settled";
      },
    },
    clock,
  );
  watching.start();
  const sweep = startSweep({
    connected: () => connected.values(),
    judge: judged,
    end: (client) => client.close(),
    clock,
    log,
  });

  return {
    port: mqtt.port,
    broker: mqtt.broker,
    [Symbol.asyncDispose]: async () => {
      link.attach(undefined);
      await sweep[Symbol.asyncDispose]();
      await watching[Symbol.asyncDispose]();
      await mqtt[Symbol.asyncDispose]();
    },
  };
}

/** Throws a refusal with its return code. The certificate speaks; a name the client gives itself must fit it. */
async function judge(
  client: Client,
  named: unknown,
  shown: ShownCertificate | undefined,
  { admit, clock }: Parts,
): Promise<void> {
  // Of a resumed TLS session too: its ticket holds the certificate that the full handshake checked.
  if (shown === undefined) throw refusal(NOT_AUTHORISED, "there is no certificate");
  const { holder: device, serial, notAfter } = shown;
  if (!isDeviceId(device) || client.id !== device)
    throw refusal(IDENTIFIER_REJECTED, `the client id must be the certificate's device id "${device}"`);
  if (named !== undefined && named !== null) throw refusal(BAD_USER_NAME, "a device has no user name and no password");
  if (!client.clean) throw refusal(IDENTIFIER_REJECTED, "a device must ask for a clean session");
  // A resumed TLS session does not look at the dates again.
  if (notAfter <= clock.now()) throw refusal(NOT_AUTHORISED, "the certificate has expired");
  const admission = await admit(device, serial);
  if (admission.kind === "refused") throw refusal(NOT_AUTHORISED, admission.why);
}

/** "We cannot tell right now" and "no" are different answers: after a no, an agent asks rarely. */
function asRefusal(client: Client, error: unknown, log: Log): Error & { returnCode: number } {
  const known = error instanceof Error && "returnCode" in error;
  log.warn("device not admitted", { device: client.id, why: error instanceof Error ? error.message : error });
  return known ? (error as Error & { returnCode: number }) : refusal(SERVER_UNAVAILABLE, "cannot tell right now");
}

const isGoodWill = (clientId: string, will: { topic: string; payload: unknown; qos?: number; retain?: boolean }) =>
  isDeviceId(clientId) &&
  will.topic === formatTopic("bye", { device: clientId }) &&
  (will.qos ?? 0) <= 1 &&
  will.retain !== true &&
  Buffer.byteLength(will.payload as Buffer) <= topics.bye.maxBytes;

// A will that the broker publishes for somebody who is gone names its owner in the packet.
const willOwner = (packet: object): string =>
  "clientId" in packet && typeof packet.clientId === "string" ? packet.clientId : "";

function faultOf(
  device: string,
  { topic, qos, retain }: Pick<AedesPublishPacket, "topic" | "qos" | "retain">,
): ProtocolError | undefined {
  if (!mayPublish(device, topic)) return misplaced(device, topic);
  if (qos > 1) return new ProtocolError("out-of-range", "QoS 2 is not spoken here");
  if (retain) return new ProtocolError("out-of-range", "retained messages are not taken");
  return undefined;
}

function misplaced(device: string, topic: string): ProtocolError {
  const at = parseTopic(topic);
  const shown = topic.slice(0, 128);
  if (at === undefined) return new ProtocolError("unknown-topic", `there is no topic ${shown}`);
  return "device" in at.params && at.params.device === device
    ? new ProtocolError("wrong-direction", `${shown} is not for devices to speak on`)
    : new ProtocolError("not-yours", `a device may speak for itself only, not on ${shown}`);
}
