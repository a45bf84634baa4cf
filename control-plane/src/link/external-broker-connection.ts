import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { deviceFilters, SERVER_NAME, type Packet } from "@edgemere/protocol";
import { SECOND, type Clock } from "@edgemere/protocol/kit";
import type { BrokerConnection, ConnectToBroker } from "./external-broker.ts";

/** What we show a broker, and the root that its own certificate must lead to; PEM. */
export interface BrokerClient {
  readonly key: string;
  readonly certificate: string;
  readonly root: string;
}

const KEEPALIVE_SECONDS = 30;
const CONNECT_WITHIN = 10 * SECOND;
/** One that answers pings and takes nothing would hold up every device. */
const TAKEN_WITHIN = 30 * SECOND;
// SUBACK: failure.
const REFUSED_FILTER = 128;

/** MQTT 3.1.1 over mutual TLS, at each try to the next of the broker's addresses. The client's own reconnecting and storing are off: whoever uses it does both. */
export function mqttBroker(urls: readonly string[], own: BrokerClient, clock: Clock): ConnectToBroker {
  let tries = 0;
  return async (take, signal) => {
    const client = connect(urls[tries++ % urls.length] ?? "", optionsOf(own));
    const over = endOf(client);
    const waiting = new Set<(error: Error) => void>();
    let end: string | undefined;
    const stopped = () => client.end(true);
    signal.addEventListener("abort", stopped);
    void over.then((reason) => {
      end = reason;
      signal.removeEventListener("abort", stopped);
      client.end(true);
      for (const reject of waiting) reject(new Error(reason));
    });
    /** The client forgets some of the callbacks that it was given. */
    const untilOver = <T>(work: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        if (end !== undefined) return reject(new Error(end));
        waiting.add(reject);
        return void work()
          .then(resolve, reject)
          .finally(() => waiting.delete(reject));
      });

    // What it has taken the broker may forget: nothing that it says or hears is taken for storage.
    client.handleMessage = ({ topic, payload, retain }, done) =>
      void take({ topic, payload: payload as Buffer, isRetained: retain }).then(() => done());
    await untilOver(() => new Promise<void>((resolve) => client.once("connect", () => resolve())));
    try {
      const granted = await untilOver(() => client.subscribeAsync([...deviceFilters], { qos: 1 }));
      if (granted.some(({ qos }) => qos === REFUSED_FILTER)) throw new Error("not granted");
    } catch (cause) {
      if (end !== undefined) throw cause;
      client.end(true);
      throw new Error("it does not let the control plane hear the devices: look at its access rules", { cause });
    }
    const publish = async ({ topic, payload, qos }: Packet) => {
      const taken = new AbortController();
      void clock.sleep(TAKEN_WITHIN, taken.signal).then(() => {
        if (!taken.signal.aborted) client.emit("error", new Error("the broker does not take what is sent"));
      });
      await client.publishAsync(topic, Buffer.from(payload), { qos }).finally(() => taken.abort());
    };
    const connection: BrokerConnection = { over, publish: (packet) => untilOver(() => publish(packet)) };
    return connection;
  };
}

const optionsOf = ({ key, certificate, root }: BrokerClient): IClientOptions => ({
  protocolVersion: 4,
  clean: true,
  keepalive: KEEPALIVE_SECONDS,
  reconnectPeriod: 0,
  connectTimeout: CONNECT_WITHIN,
  queueQoSZero: false,
  resubscribe: false,
  key,
  cert: certificate,
  ca: [root],
  servername: SERVER_NAME,
  rejectUnauthorized: true,
});

/** Why the connection is over. */
const endOf = (client: MqttClient): Promise<string> =>
  new Promise((resolve) => {
    client.once("close", () => resolve("the broker closed the connection"));
    client.on("error", (error) => resolve(error.message || String("code" in error ? error.code : error)));
  });
