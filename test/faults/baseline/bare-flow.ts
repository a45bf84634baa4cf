import type { Identity } from "@edgemere/agent";
import { formatTopic } from "@edgemere/protocol";
import { connect, type MqttClient } from "mqtt";
import { credentialsOf } from "../../world/bare-device.ts";
import { eventually } from "../../world/world.ts";

const UNDER_WAY = 100;
/** Whoever hears nothing new for so long has heard all. */
const QUIET = 3_000;

/** A broker's own promise: what it answers with PUBACK it gives, sooner or later, to whoever has subscribed and is away. */
export class BareFlow {
  readonly #identity: Identity;
  readonly #address: string;
  readonly #topic: string;
  readonly #answered = new Set<number>();
  readonly #heard = new Set<number>();
  #heardAt = 0;
  #next = 1;

  constructor(identity: Identity, address: string) {
    this.#identity = identity;
    this.#address = address;
    this.#topic = formatTopic("event", { device: identity.device });
  }

  /** Somebody subscribes and goes away; somebody else publishes meanwhile, for as long as that takes, and what is answered is counted. */
  async send(meanwhile: () => Promise<void>): Promise<void> {
    const absent = await this.#connect("absent");
    await absent.subscribeAsync(this.#topic, { qos: 1 });
    await absent.endAsync();
    const client = await this.#connect("present");
    const over = new AbortController();
    const one = async () => {
      while (!over.signal.aborted) {
        const number = this.#next++;
        await client.publishAsync(this.#topic, String(number), { qos: 1 });
        this.#answered.add(number);
      }
    };
    const all = Promise.all(Array.from({ length: UNDER_WAY }, one));
    await meanwhile();
    over.abort();
    await all;
    client.end(true);
  }

  /** The one who was away comes back, and hears what is there. */
  async receive(): Promise<void> {
    const client = await this.#connect("absent");
    this.#heardAt = performance.now();
    await eventually(async () => performance.now() - this.#heardAt > QUIET, "silence");
    await client.endAsync();
  }

  told(): string {
    const lost = [...this.#answered].filter((number) => !this.#heard.has(number)).length;
    return `${lost} of ${this.#answered.size} acked lost`;
  }

  async #connect(name: string): Promise<MqttClient> {
    const { device } = this.#identity;
    const client = connect(this.#address, {
      protocolVersion: 4,
      clientId: `${device}-${name}`,
      clean: name !== "absent",
      reconnectPeriod: 0,
      ...credentialsOf(this.#identity),
    });
    client.on("message", (_, payload) => {
      this.#heard.add(Number(payload.toString()));
      this.#heardAt = performance.now();
    });
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.on("error", reject);
    });
    return client;
  }
}
