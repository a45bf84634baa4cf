import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { SERVER_NAME } from "@edgemere/protocol";
import { readSparkplugPayload, sparkplugB } from "@edgemere/protocol/sparkplug";

/** What was shown when the edge node was declared. */
interface Credentials {
  readonly userName: string;
  readonly password: string;
}

interface Where {
  readonly port: number;
  /** PEM. */
  readonly root: string;
}

type Metric = Partial<sparkplugB.Metric>;

const [INT64, DOUBLE, STRING] = [4, 10, 12];
export const number = (name: string, doubleValue: number, more: Metric = {}): Metric => ({
  name,
  datatype: DOUBLE,
  doubleValue,
  value: "doubleValue",
  ...more,
});
export const text = (name: string, stringValue: string): Metric => ({
  name,
  datatype: STRING,
  stringValue,
  value: "stringValue",
});

const deathOf = (session: number) =>
  Buffer.from(
    sparkplugB.Payload.encode({
      timestamp: Date.now(),
      metrics: [{ name: "bdSeq", datatype: INT64, longValue: session, value: "longValue" }],
    }).finish(),
  );

/** A third party's edge node: an MQTT client that keeps to Sparkplug B as far as its test wants it to. */
export class EdgeNodeClient implements AsyncDisposable {
  readonly client: MqttClient;
  readonly #name: string;
  readonly #session: number;
  #seq = 0;
  /** What it was told, by topic. */
  readonly heard: { readonly topic: string; readonly payload: Buffer }[] = [];
  readonly closed: Promise<void>;
  #told = () => {};

  private constructor(client: MqttClient, name: string, session: number) {
    this.client = client;
    this.#name = name;
    this.#session = session;
    this.closed = new Promise((resolve) => client.once("close", () => resolve()));
    client.on("error", () => {}); // being cut off is told by its end
    client.on("message", (topic, payload) => {
      this.heard.push({ topic, payload });
      this.#told();
    });
  }

  /** Rejects when it is not let in. */
  static async connect(
    { port, root }: Where,
    { userName, password }: Credentials,
    { session = 0, ...more }: IClientOptions & { readonly session?: number } = {},
  ): Promise<EdgeNodeClient> {
    const options: IClientOptions = {
      protocolVersion: 4,
      ca: root,
      servername: SERVER_NAME,
      username: userName,
      password,
      clientId: "a third party's",
      reconnectPeriod: 0,
      will: { topic: topicOf(userName, "NDEATH"), payload: deathOf(session), qos: 1, retain: false },
      ...more,
    };
    // Who is sent away without a word is not to try again.
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, options, false);
    return new EdgeNodeClient(client, userName, session);
  }

  /** Says what it has, as its first message. */
  async birth(...metrics: readonly Metric[]): Promise<void> {
    const bdSeq = { name: "bdSeq", datatype: INT64, longValue: this.#session, value: "longValue" } as const;
    this.#seq = 0;
    await this.say("NBIRTH", [bdSeq, ...metrics]);
  }

  async say(word: string, metrics: readonly Metric[] = [], device?: string): Promise<void> {
    const payload = { timestamp: Date.now(), seq: this.#seq, metrics: metrics as sparkplugB.Metric[] };
    this.#seq = (this.#seq + 1) % 256;
    await this.publish(topicOf(this.#name, word, device), sparkplugB.Payload.encode(payload).finish());
  }

  /** So many of its messages are lost on the way. */
  lose(messages: number): void {
    this.#seq = (this.#seq + messages) % 256;
  }

  async publish(topic: string, payload: Uint8Array, qos: 0 | 1 = 0): Promise<void> {
    await this.client.publishAsync(topic, Buffer.from(payload), { qos });
  }

  /** Says that it goes, and goes. */
  async leave(): Promise<void> {
    await this.publish(topicOf(this.#name, "NDEATH"), deathOf(this.#session), 1);
    await this.client.endAsync();
  }

  async subscribe(filter: string): Promise<readonly number[]> {
    const granted = await this.client.subscribeAsync(filter, { qos: 1 });
    return granted.map(({ qos }) => qos);
  }

  /** Names of the metrics of the first command that it is given. */
  async command(): Promise<readonly string[]> {
    const topic = topicOf(this.#name, "NCMD");
    for (;;) {
      const found = this.heard.find((each) => each.topic === topic);
      if (found) return readSparkplugPayload(found.payload).metrics.map(({ name }) => name ?? "");
      await new Promise<void>((resolve) => (this.#told = resolve));
    }
  }

  /** The first state of its host that satisfies. */
  async hostState(
    isWanted: (state: { readonly online: boolean; readonly timestamp: number }) => boolean,
  ): Promise<void> {
    for (;;) {
      const states = this.heard.filter(({ topic }) => topic.startsWith("spBv1.0/STATE/"));
      if (states.some(({ payload }) => isWanted(JSON.parse(String(payload)) as never))) return;
      await new Promise<void>((resolve) => (this.#told = resolve));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.endAsync(true);
  }
}

/** `userName` is group/node. */
export function topicOf(userName: string, word: string, device?: string): string {
  const [group, node] = userName.split("/");
  return ["spBv1.0", group, word, node, ...(device === undefined ? [] : [device])].join("/");
}
