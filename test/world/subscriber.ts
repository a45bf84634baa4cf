import { connectAsync, type MqttClient } from "mqtt";
import type { World } from "./world.ts";

export const EVENTS = "edgemere/v1/events/#";

export interface Cloud {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly sequence: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A program that connects as an API token allows, and what has come to it. */
export class Subscriber implements AsyncDisposable {
  readonly client: MqttClient;
  readonly received: { readonly topic: string; readonly event: Cloud }[] = [];
  readonly closed: Promise<void>;
  #told = () => {};

  constructor(client: MqttClient) {
    this.client = client;
    this.closed = new Promise((resolve) => client.once("close", () => resolve()));
    client.on("error", () => {}); // being cut off is told by its end
    client.on("message", (topic, payload) => {
      this.received.push({ topic, event: JSON.parse(String(payload)) as Cloud });
      this.#told();
    });
  }

  /** Everything up to the first event of this type. */
  async upTo(type: string): Promise<readonly Cloud[]> {
    const events = () => this.received.map(({ event }) => event);
    while (!events().some((event) => event.type === type)) await new Promise<void>((resolve) => (this.#told = resolve));
    return events();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.endAsync(true);
  }
}

export const connect = async ({ controlPlane }: World, password: string, clientId = "dashboard"): Promise<Subscriber> =>
  new Subscriber(
    await connectAsync({
      protocol: "mqtts",
      host: "127.0.0.1",
      port: controlPlane.ready.ports.subscribers,
      ca: controlPlane.ready.root,
      username: "any",
      password,
      clientId,
      reconnectPeriod: 0,
    }),
  );
