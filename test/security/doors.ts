import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { connect as connectTls, getCiphers, type ConnectionOptions } from "node:tls";
import { connect as connectMqtt, type IClientOptions } from "mqtt";

const HOST = "127.0.0.1";

/** What somebody says who is spoken to in the clear, until it hangs up. */
export async function plainAnswer(port: number, words: string): Promise<string> {
  const socket = connectPlain(port, HOST);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  socket.on("error", () => {});
  const closed = once(socket, "close");
  // Half a conversation: who waits for more would never hang up.
  socket.end(words, "latin1");
  await closed;
  return answer;
}

/** The version that was agreed on; undefined when the handshake was refused. */
export function tlsAnswer(port: number, options: ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: HOST, port, rejectUnauthorized: false, ...options }, () => {
      resolve(socket.getProtocol() ?? undefined);
      socket.destroy();
    });
    socket.once("error", () => resolve(undefined));
  });
}

/** Connects to a broker without a certificate; rejects when that is refused. */
export async function mqttAnswer(port: number, options: IClientOptions): Promise<void> {
  const client = connectMqtt(`mqtts://${HOST}:${port}`, {
    ...options,
    protocolVersion: 4,
    reconnectPeriod: 0,
    rejectUnauthorized: false,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.on("error", reject);
      client.once("close", () => reject(new Error("hung up")));
    });
  } finally {
    await client.endAsync(true);
  }
}

/** What this OpenSSL can speak of TLS 1.2 that is not authenticated encryption with keys that are forgotten. */
export const WEAK_SUITES: readonly string[] = getCiphers()
  .filter((name) => !name.startsWith("tls_") && !/^ecdhe-.*(gcm|chacha20)/.test(name))
  .map((name) => `${name.toUpperCase()}:@SECLEVEL=0`);
