import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";

/** The first byte of the MQTT packets that devices send. */
export const [CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT] = [0x10, 0x32, 0x82, 0xe0] as const;

/** As much of an MQTT 3.1.1 broker as one device needs: it answers CONNECT, SUBSCRIBE and, if told to, PUBLISH. */
export async function startBroker(options: {
  readonly server: { readonly key: string; readonly cert: string };
  readonly root: string;
  readonly returnCode?: number;
  readonly acknowledges?: boolean;
  /** The first subscription. */
  readonly refuses?: boolean;
}) {
  const heard: { readonly kind: number; readonly content: Buffer }[] = [];
  const sockets: TLSSocket[] = [];
  const names: string[] = [];
  const resumed: boolean[] = [];
  const server = createServer({ ...options.server, ca: options.root, requestCert: true, rejectUnauthorized: true });
  server.on("tlsClientError", () => {});
  const wires: Socket[] = [];
  server.on("connection", (wire: Socket) => wires.push(wire));
  server.on("secureConnection", (socket) => {
    sockets.push(socket);
    resumed.push(socket.isSessionReused());
    names.push(String(socket.getPeerCertificate().subject.CN));
    let waiting = Buffer.of();
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      waiting = Buffer.concat([waiting, chunk]);
      for (let packet = first(waiting); packet; packet = first(waiting)) {
        waiting = waiting.subarray(packet.length);
        heard.push(packet);
        answer(socket, packet);
      }
    });
  });
  const answer = (socket: TLSSocket, { kind, content }: { readonly kind: number; readonly content: Buffer }) => {
    if (kind === CONNECT) socket.write(Buffer.of(0x20, 2, 0, options.returnCode ?? 0));
    if (kind === SUBSCRIBE) socket.write(subscribed(content, options.refuses === true));
    if (kind === PUBLISH && options.acknowledges !== false) {
      const topicBytes = content.readUInt16BE(0);
      socket.write(Buffer.of(0x40, 2, ...content.subarray(2 + topicBytes, 4 + topicBytes)));
    }
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    heard,
    names,
    resumed,
    /** What went over the wire either way, encrypted, without what TCP and IP add. */
    encryptedBytes: () => wires.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0),
    address: `mqtts://127.0.0.1:${port}`,
    /** Nobody listens any more, until it is told to again. */
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
    listen: async () => {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
    },
    say: (topic: string, payload: string) => {
      const body = Buffer.concat([Buffer.of(0, topic.length), Buffer.from(topic + payload)]);
      sockets.at(-1)?.write(Buffer.concat([Buffer.of(0x30, body.length), body]));
    },
    hangUp: () => sockets.forEach((socket) => socket.destroy()),
    /** Resolves when the newest connection has ended from the other side. */
    ended: async () => {
      const socket = sockets.at(-1);
      if (socket && !socket.closed) await once(socket, "close");
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The first whole packet, if there is one: a kind, a length in base 128, the content. */
function first(
  bytes: Buffer,
): { readonly kind: number; readonly content: Buffer; readonly length: number } | undefined {
  let [size, at] = [0, 1];
  for (let shift = 1; ; shift *= 128) {
    const digit = bytes[at++];
    if (digit === undefined) return undefined;
    size += (digit % 128) * shift;
    if (digit < 128) break;
  }
  if (bytes.length < at + size) return undefined;
  return { kind: bytes[0] ?? 0, content: bytes.subarray(at, at + size), length: at + size };
}

/** The answer to a SUBSCRIBE (MQTT 3.1.1, 3.9): a word for each of its filters, of which the first may be refused. */
function subscribed(content: Buffer, isRefused: boolean): Buffer {
  const words: number[] = [];
  for (let at = 2; at < content.length; at += 3 + content.readUInt16BE(at)) words.push(1);
  if (isRefused) words[0] = 128;
  return Buffer.of(0x90, 2 + words.length, ...content.subarray(0, 2), ...words);
}
