// @peculiar/x509 finds its parts through reflect-metadata, which must be there first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { connect as connectMqtt, type IClientOptions, type MqttClient } from "mqtt";
import { ManualClock, SimulatedDisk, seededRandom } from "@edgemere/protocol/simulated";
import { silentLog, systemClock, type Clock } from "@edgemere/protocol/kit";
import { SERVER_NAME } from "@edgemere/protocol";
import { openAuthority, type CertificateAuthority } from "./authority.ts";
import { startBroker, type Admit } from "./broker.ts";
import type { Carrier, DeviceMessages } from "./carrier.ts";
import { Conduct } from "./conduct.ts";
import type { Refusal } from "./refusals.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

export const anAuthority = (): Promise<CertificateAuthority> =>
  openAuthority({
    disk: new SimulatedDisk(),
    clock: new ManualClock(systemClock.now()),
    random: seededRandom(systemClock.now()),
    hostNames: ["localhost"],
    addresses: ["127.0.0.1"],
  });

/** A key and a request for its certificate, as an agent makes them. */
export async function aRequest(algorithm: object = P256): Promise<{ readonly key: string; readonly request: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "CN=whoever",
    keys,
    signingAlgorithm: { ...algorithm, hash: "SHA-256" },
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { key: x509.PemConverter.encode(pkcs8, x509.PemConverter.PrivateKeyTag), request: request.toString("pem") };
}

/** What a link remembers of what it was told. */
export class RecordingLink implements DeviceMessages {
  readonly messages: { readonly device: string; readonly topic: string; readonly payload: string }[] = [];
  readonly refused: { readonly device: string; readonly reason: string }[] = [];
  readonly gone: string[] = [];
  readonly alive: string[] = [];
  readonly accused: { readonly device: string; readonly reason: string }[] = [];
  readonly conduct: Conduct;
  carrier: Carrier | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock = systemClock) {
    this.conduct = new Conduct(clock, (device, reason) => {
      this.accused.push({ device, reason });
      this.#tell();
    });
  }
  attach(carrier: Carrier | undefined): void {
    this.carrier = carrier;
  }
  async arrived(device: string, topic: string, payload: Uint8Array): Promise<void> {
    this.messages.push({ device, topic, payload: Buffer.from(payload).toString() });
    this.#tell();
  }
  heard(device: string): void {
    this.alive.push(device);
    this.#tell();
  }
  dropped(device: string): void {
    this.gone.push(device);
    this.#tell();
  }
  refuse(device: string, { reason }: Refusal): void {
    this.refused.push({ device, reason });
    this.#tell();
  }
  /** Resolves when the condition holds; looked at whenever something is heard. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }
  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A broker with a real listener, and devices with real certificates. */
export async function startedBroker(
  options: {
    readonly admit?: Admit;
    readonly heartbeatEvery?: number;
    readonly clock?: Clock;
    /** Of a control plane that was there before. */
    readonly authority?: CertificateAuthority;
    readonly link?: RecordingLink;
  } = {},
) {
  const { admit = async () => ({ kind: "admitted" as const }), clock = systemClock, ...rest } = options;
  const { authority = await anAuthority(), link = new RecordingLink(clock) } = options;
  const broker = await startBroker({
    ...authority,
    ...rest,
    link,
    admit,
    host: "127.0.0.1",
    port: 0,
    clock,
    log: silentLog,
  });
  const identify = async (device: string): Promise<IClientOptions> => {
    const { key, request } = await aRequest();
    const { certificate, chain } = await authority.issue(request, device);
    return { key, cert: [certificate, ...chain].join("\n") };
  };
  const connect = async (device: string, more: IClientOptions = {}) =>
    connected(
      connectMqtt(`mqtts://127.0.0.1:${broker.port}`, {
        clientId: device,
        ca: authority.root,
        servername: SERVER_NAME,
        reconnectPeriod: 0,
        protocolVersion: 4,
        ...(await identify(device)),
        ...more,
      }),
    );
  return { authority, link, broker, identify, connect, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

/** A connection that the broker ends without a word is a refusal too. */
const connected = (client: MqttClient): Promise<MqttClient> =>
  new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.on("error", reject);
    client.once("close", () => reject(new Error("the broker closed the connection")));
  });
