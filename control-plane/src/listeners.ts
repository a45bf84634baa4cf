import { isIP } from "node:net";
import type { Clock, Log, Random } from "@edgemere/protocol/kit";
import type { ControlPlaneConfig } from "./config.ts";
import { startDeviceApi } from "./faces/device-api.ts";
import type { FaceParts } from "./faces/face.ts";
import { startMetrics } from "./faces/metrics.ts";
import { startFaces } from "./faces/server.ts";
import type { CertificateAuthority } from "./link/authority.ts";
import { startBroker, type Admit } from "./link/broker.ts";
import type { DeviceMessages } from "./link/carrier.ts";
import { mqttBroker } from "./link/external-broker-connection.ts";
import { startExternalBroker } from "./link/external-broker.ts";
import { startSparkplug, type AdmitEdgeNode } from "./link/sparkplug/listener.ts";
import type { Arrivals, ArrivalsBelow } from "./link/subscribers-telemetry.ts";
import { startSubscribers } from "./link/subscribers.ts";
import type { Opened } from "./opened.ts";
import type { DeviceLink } from "./platform/device-link.ts";
import type { Check } from "./platform/health.ts";

interface Parts extends FaceParts {
  readonly config: ControlPlaneConfig;
  readonly authority: CertificateAuthority;
  /** What devices measured, for subscribers; absent: they are not told. */
  readonly arrivals?: Arrivals | undefined;
  readonly arrivalsBelow?: ArrivalsBelow | undefined;
  readonly link: DeviceMessages & Pick<DeviceLink, "sessions" | "session" | "accounts">;
  readonly admit: Admit;
  readonly admitEdgeNode: AdmitEdgeNode;
  /** Whether there is room for what devices report. */
  readonly isTakingRecords: () => boolean;
  /** Ids of all that may connect. */
  readonly devices: () => AsyncIterable<string>;
  /** What `health` looks at: how the broker is, is added. */
  readonly checks: Check[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly portalFolder: string;
}

/** Where devices find us: told to each one that enrols, and those of MQTT in every session. */
export interface DeviceAddresses {
  deviceApi: string;
  /** The preferred one first. */
  mqtt: readonly string[];
}

/** Opens every door: devices' broker first, since whoever enrols is told where it is. Fills in the addresses as they are known. */
export async function startListeners(parts: Parts, addresses: DeviceAddresses, opened: Opened) {
  const { config, authority, portalFolder } = parts;
  const broker = await (config.brokers.length > 0 ? joinBroker(parts, opened) : ownBroker(parts, opened));
  const shared = { ...parts, ...authority };
  parts.checks.push(broker.check);
  addresses.mqtt = broker.urls;
  const deviceApi = await opened.listen("device", config.deviceApi, (on) =>
    startDeviceApi(shared, { ...on, ...authority.server, clientRoots: authority.deviceRoots }),
  );
  const subscribers = await opened.listen("subscribers", config.subscribers, (on) =>
    startSubscribers({ ...shared, ...on }),
  );
  const { sparkplug } = config;
  const edgeNodes =
    sparkplug &&
    (await opened.listen("sparkplug", sparkplug, (on) => startSparkplug({ ...shared, ...sparkplug, ...on })));
  const portal = await opened.listen("portal", config.portal, (on) => startFaces(shared, { ...on, portalFolder }));
  const { metrics: on } = config.outlets;
  const metrics =
    on && (await opened.listen("metrics", on, (at) => startMetrics(shared, { ...at, ...authority.server })));
  addresses.deviceApi = `https://${inUrl(config.addresses[0])}:${deviceApi.port}`;
  return {
    address: portal.address,
    ports: {
      portal: portal.port,
      mqtt: broker.port,
      deviceApi: deviceApi.port,
      subscribers: subscribers.port,
      ...(edgeNodes && { sparkplug: edgeNodes.port }),
      ...(metrics && { metrics: metrics.port }),
    },
  };
}

const inUrl = (name: string): string => (isIP(name) === 6 ? `[${name}]` : name);

interface BrokerForDevices {
  readonly urls: readonly string[];
  readonly port: number;
  readonly check: Check;
}

async function ownBroker(parts: Parts, opened: Opened): Promise<BrokerForDevices> {
  const { broker, port } = await opened.listen("mqtt", parts.config.mqtt, (on) =>
    startBroker({ ...parts, ...parts.authority, ...on }),
  );
  const check: Check = () => (broker.closed ? { severity: "failed", reason: "the broker is down" } : undefined);
  return { urls: parts.config.addresses.map((name) => `mqtts://${inUrl(name)}:${port}`), port, check };
}

async function joinBroker(parts: Parts, opened: Opened): Promise<BrokerForDevices> {
  const { authority, config } = parts;
  const urls = config.brokers.map(({ url }) => url);
  const connect = mqttBroker(urls, { ...(await authority.client()), root: authority.root }, parts.clock);
  const { check } = await opened.add(Promise.resolve(startExternalBroker({ ...parts, connect })));
  return { urls, port: config.brokers[0]?.port ?? 0, check };
}
