import type { TLSSocket } from "node:tls";
import type { Client } from "aedes";
import { limits, ProtocolError } from "@edgemere/protocol";
import { Reconciler, SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import {
  hostState,
  isForEdgeNode,
  mayEdgeNodeHear,
  nodeCommandTopic,
  sparkplugLimits,
  stateTopic,
  type EdgeNodeName,
} from "@edgemere/protocol/sparkplug";
import type { DeviceLink } from "../../platform/device-link.ts";
import { inTime } from "../../platform/in-time.ts";
import { TokenBucket } from "../../platform/token-bucket.ts";
import type { ServerIdentity } from "../authority.ts";
import type { DeviceMessages } from "../carrier.ts";
import { DevicePaces } from "../device-pace.ts";
import { paceOf, type Pace } from "../guard.ts";
import { filtersOf, SERVER_UNAVAILABLE, startMqttServer, type Hooks, type MqttServer } from "../mqtt-server.ts";
import type { PacketLimits } from "../packet-sizes.ts";
import { startSweep } from "../sweep.ts";
import { faultOfWill, nameIn, placed } from "./claims.ts";
import { EdgeNodeLink, type Channel } from "./edge-node-link.ts";

/** Whether somebody may connect as an edge node now, and which device it then is. Throws where that cannot be told. */
export type AdmitEdgeNode = (
  name: EdgeNodeName,
  password: string,
) => Promise<
  { readonly kind: "admitted"; readonly device: string } | { readonly kind: "refused"; readonly why: string }
>;

interface Parts {
  readonly link: DeviceMessages & Pick<DeviceLink, "accounts">;
  readonly admitEdgeNode: AdmitEdgeNode;
  /** What edge nodes call this control plane: their primary host. */
  readonly hostId: string;
  /** Whether there is room for what edge nodes report; as long as there is none, they are told to keep it. */
  readonly isTakingRecords: () => boolean;
  readonly server: ServerIdentity;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who connected, as they showed it. */
interface Shown {
  readonly name: EdgeNodeName;
  readonly password: string;
  readonly device: string;
}

const packetLimits: PacketLimits = {
  connectBytes: limits.connectBytes,
  // The topic and the packet's own fields come on top of the payload.
  packetBytes: sparkplugLimits.payloadBytes + 1_024,
};
/** Until somebody has proved who they are. */
const STRANGER = { bytes: { perSecond: 16 * 1024, burst: 64 * 1024 }, packets: { perSecond: 5, burst: 20 } };
/** Edge nodes that come back all at once are let in at this pace. */
const CONNECTS = { perSecond: 300, burst: 1_000 };
const LOOK_EVERY = SECOND;
/** Edge nodes that are away are remembered as long as there are no more than so many. */
const REMEMBERED = 1_000;

// Return codes of CONNACK (MQTT 3.1.1, 3.2.2.3).
const BAD_USER_NAME = 4;
const refusal = (returnCode: number, message: string) => Object.assign(new Error(message), { returnCode });

/** The broker for Sparkplug B edge nodes: TLS, a password for each, and no road from one to another (decisions/0022). */
export async function startSparkplug(parts: Parts): Promise<{ readonly port: number } & AsyncDisposable> {
  const { link, clock, log, hostId } = parts;
  const connects = new TokenBucket(CONNECTS, clock.monotonic());
  const paces = new DevicePaces((device) => link.conduct.isHeld(device));
  const devices = new WeakMap<TLSSocket, string>();
  const shown = new WeakMap<Client, Shown>();
  const connected = new Map<Client, Channel>();
  const nodes = new Map<string, EdgeNodeLink>();
  let isStopping = false;
  const deviceOf = (client: Client) => shown.get(client)?.device ?? "";
  const nodeOf = (device: string): EdgeNodeLink => {
    const known = nodes.get(device) ?? new EdgeNodeLink(parts, device);
    nodes.delete(device);
    nodes.set(device, known);
    const away = nodes.size > REMEMBERED && [...nodes].find(([, each]) => !each.isConnected && each !== known);
    if (away) nodes.delete(away[0]);
    return known;
  };
  const judged = async (name: EdgeNodeName, password: string): Promise<Shown> => {
    const admission = await parts.admitEdgeNode(name, password);
    if (admission.kind === "refused") throw refusal(BAD_USER_NAME, admission.why);
    return { name, password, device: admission.device };
  };

  const hooks: Hooks = {
    preConnect: (_, packet, done) => {
      const { will, username } = packet;
      const name = nameIn(username);
      const wrong = !connects.tryTake(1, clock.monotonic())
        ? new ProtocolError("too-many", "more connections are tried than can be let in now")
        : name === undefined
          ? new ProtocolError("not-yours", "the user name is not that of an edge node: group/node")
          : faultOfWill(name, will);
      if (wrong !== undefined) {
        link.refuse("", wrong);
        return done(wrong, false);
      }
      // One connection an edge node, whatever it calls itself; nothing is kept between sessions.
      Object.assign(packet, { clientId: username, clean: true });
      return done(null, true);
    },
    authenticate: (client, username, password, done) => {
      judged(nameIn(username) ?? { group: "", node: "" }, password?.toString() ?? "").then(
        (each) => {
          if (link.conduct.isHeld(each.device)) mqtt.hold(client);
          if (!link.conduct.note(each.device, "connection")) {
            link.refuse(each.device, { reason: "too-many", message: "more connections are tried than can be let in" });
            return done(refusal(SERVER_UNAVAILABLE, "too many connections at once"), null);
          }
          shown.set(client, each);
          const socket = mqtt.socketOf(client);
          if (socket) devices.set(socket, each.device);
          return done(null, true);
        },
        (error: unknown) => {
          const isKnown = error instanceof Error && "returnCode" in error;
          log.warn("edge node not admitted", {
            edgeNode: username,
            why: error instanceof Error ? error.message : error,
          });
          done(isKnown ? (error as never) : refusal(SERVER_UNAVAILABLE, "cannot tell right now"), null);
        },
      );
    },
    authorizePublish: (client, packet, done) => {
      const [who, channel] = client ? [shown.get(client), connected.get(client)] : [];
      // A will that comes when its connection has been forgotten: the end of that was seen. And when we end it, nobody died.
      if (client === null || who === undefined || channel === undefined || isStopping)
        return done(new Error("nobody says this"));
      const topic = placed(who.name, packet);
      if (topic instanceof ProtocolError) {
        link.refuse(who.device, topic);
        return done(topic);
      }
      const isWill = (client as unknown as { readonly closed: boolean }).closed;
      nodeOf(who.device)
        .hear(channel, topic, packet.payload as Buffer, isWill)
        .then(
          () => done(null),
          (error: unknown) => {
            log.error("message of an edge node not handled", { device: who.device, error });
            done(new Error("a message was not handled", { cause: error }));
          },
        );
    },
    authorizeSubscribe: (client, subscription, done) => {
      const who = shown.get(client);
      if (who === undefined) return done(null, null);
      link.conduct.note(who.device, "request");
      const isAllowed = filtersOf(client) < limits.filters && mayEdgeNodeHear(who.name, hostId, subscription.topic);
      if (!isAllowed)
        link.refuse(
          who.device,
          new ProtocolError("not-yours", "an edge node may subscribe to what is for itself only"),
        );
      done(null, isAllowed ? { ...subscription, qos: Math.min(subscription.qos, 1) as 0 | 1 } : null);
    },
    authorizeForward: (client, packet) => {
      const who = shown.get(client);
      return who !== undefined && isForEdgeNode(who.name, hostId, packet.topic) ? packet : null;
    },
  };

  const mqtt: MqttServer = await startMqttServer({
    ...parts,
    name: "sparkplug",
    limits: packetLimits,
    entered: (socket) => ({ pace: paceFor(() => devices.get(socket), paces, clock) }),
    refused: (why, client) => link.refuse(client ? deviceOf(client) : "", why),
    hooks,
  });
  const publish = (topic: string, payload: Uint8Array | string, { qos = 0, retain = false } = {}) =>
    new Promise<void>((resolve, reject) => {
      const packet = {
        cmd: "publish",
        topic,
        payload: Buffer.from(payload),
        qos: qos as 0 | 1,
        retain,
        dup: false,
      } as const;
      mqtt.broker.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  const channelOf = (client: Client, { name }: Shown): Channel => ({
    address: mqtt.socketOf(client)?.remoteAddress ?? "",
    command: (payload) =>
      void publish(nodeCommandTopic(name), payload).catch((error: unknown) =>
        log.warn("edge node was not asked", { device: deviceOf(client), error }),
      ),
    close: () => client.close(),
  });
  mqtt.broker.on("clientReady", (client) => {
    const who = shown.get(client);
    if (who === undefined) return client.close();
    const channel = channelOf(client, who);
    connected.set(client, channel);
    nodeOf(who.device).connected(channel);
    // Looked at once more: one that was retired while it came in was not yet among those to be disconnected.
    judged(who.name, who.password).catch(() => client.close());
  });
  mqtt.broker.on("ping", (_, client) => {
    link.conduct.note(deviceOf(client), "request");
    link.heard(deviceOf(client));
  });
  mqtt.broker.on("unsubscribe", (_, client) => void link.conduct.note(deviceOf(client), "request"));
  mqtt.broker.on("clientDisconnect", (client) => {
    const channel = connected.get(client);
    connected.delete(client);
    if (channel !== undefined && !isStopping) void nodes.get(deviceOf(client))?.disconnected(channel);
  });

  const tellState = stateTeller((state) => publish(stateTopic(hostId), state, { qos: 1, retain: true }), clock);
  const loop = "look after edge nodes";
  const looking = new Reconciler(
    {
      name: loop,
      every: LOOK_EVERY,
      onError: (error) => log.error("loop failed", { loop, error }),
      step: async () => {
        await tellState(parts.isTakingRecords());
        // One that takes long holds up nobody else: each goes on by itself.
        for (const node of nodes.values()) if (node.isConnected) void node.look();
        return "settled";
      },
    },
    clock,
  );
  await tellState(parts.isTakingRecords());
  looking.start();
  const sweep = startSweep({
    connected: () => connected.keys(),
    judge: async (client) => {
      const who = shown.get(client);
      if (who !== undefined) await judged(who.name, who.password);
    },
    end: (client) => client.close(),
    clock,
    log,
  });

  return {
    port: mqtt.port,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([sweep[Symbol.asyncDispose](), looking[Symbol.asyncDispose]()]);
      // Who listens knows that it is meant; who does not is not waited for.
      await inTime(tellState(false), SECOND, clock).catch(() => undefined);
      isStopping = true;
      await mqtt[Symbol.asyncDispose]();
    },
  };
}

/** What a stranger may send at first; once they are known, what their device may, over all its connections. */
function paceFor(device: () => string | undefined, paces: DevicePaces, clock: Clock): Pace {
  const stranger = paceOf(STRANGER, clock.monotonic());
  return (received, now) => {
    const known = device();
    return known === undefined ? stranger(received, now) : paces.of(known)(received, now);
  };
}

/** Tells who listens whether records are taken, whenever that has changed. */
function stateTeller(publish: (state: string) => Promise<void>, clock: Clock): (isOnline: boolean) => Promise<void> {
  let told: boolean | undefined;
  return async (isOnline) => {
    if (isOnline === told) return;
    told = isOnline;
    await publish(hostState(isOnline, clock.now()));
  };
}
