import {
  isStreamName,
  pack,
  privateKeyFromSeed,
  publicKeyBytes,
  seal,
  streamNames,
  unpack,
  v1,
  type Arrival,
  type Encodable,
  type Hello,
  type Keyring,
  type Packet,
  type RecordBatch,
  type StreamName,
} from "@edgemere/protocol";
import type { ConnectError, Connection, ConnectionEvents, ConnectOptions, Transport } from "./transport.ts";

export const DEVICE = "device-1";
export const signingKey = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
export const keyring: Keyring = v1.Keyring.decode(
  v1.Keyring.encode({
    version: 3,
    keys: [{ role: "commands", keyId: "k1", publicKey: publicKeyBytes(signingKey.privateKey) }],
  }).finish(),
);

/** The other end of a session, in memory: answers as a control plane does, or not, as the test wants. */
export class ScriptedControlPlane implements Transport {
  readonly heard: Arrival[] = [];
  readonly wills: Packet[] = [];
  readonly watermarks = new Map<StreamName, number>(streamNames.map((stream) => [stream, 0]));
  /** Texts of the agent events that were stored, and how many records gaps stood for. */
  readonly stored: string[] = [];
  explained = 0;
  /** What every Sync says besides what is always said. */
  sync: (hello?: Hello) => Encodable<typeof v1.Sync> = () => ({});
  head: (hello?: Hello) => Encodable<typeof v1.SyncHead> = () => ({});
  now: () => number = () => 1_800_000_000_000;
  answersHello = true;
  acknowledges = true;
  refusal: ConnectError | undefined;
  /** Why nobody of ours answers at an address; undefined where we do. */
  away: (address: string) => ConnectError | undefined = () => this.refusal;
  readonly tried: string[] = [];
  /** Topics that this device may not hear. */
  refusedTopics: readonly string[] = [];
  /** Resolves when so many bytes have come over the road. */
  carries: (bytes: number) => Promise<void> = async () => {};
  /** What a message of so many bytes takes on the wire. */
  takes: (bytes: number) => number = (bytes) => bytes;
  /** Asked before each message either way: false loses it. */
  lets: () => boolean = () => true;
  #events: ConnectionEvents | undefined;

  get isConnected(): boolean {
    return this.#events !== undefined;
  }

  heardOf<N extends Arrival["name"]>(name: N): readonly Extract<Arrival, { name: N }>[] {
    return this.heard.filter((each): each is Extract<Arrival, { name: N }> => each.name === name);
  }

  async connect({ address, will }: ConnectOptions, events: ConnectionEvents): Promise<Connection> {
    this.tried.push(address);
    const refusal = this.away(address);
    if (refusal) throw refusal;
    this.wills.push(will);
    this.#events = events;
    let isOpen = true;
    let hangUp = () => {};
    const hungUp = new Promise<never>((_, reject) => (hangUp = () => reject(new Error("closed"))));
    hungUp.catch(() => {});
    return {
      refusedTopics: this.refusedTopics,
      publish: async ({ topic, payload }) => {
        if (!isOpen || this.#events !== events) throw new Error("not connected");
        await Promise.race([this.carries(payload.length), hungUp]);
        events.moved?.(this.takes(payload.length));
        this.#take(unpack(topic, payload));
      },
      close: async () => {
        isOpen = false;
        hangUp();
        if (this.#events === events) this.#events = undefined;
      },
    };
  }

  lose(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.lost("cut");
  }

  say(packet: Packet): void {
    if (this.lets()) this.#events?.arrived(packet.topic, packet.payload);
  }

  saySync(sessionEpoch: number, hello?: Hello): void {
    const asOfMs = this.now();
    const acknowledgements = [...this.watermarks].map(([stream, upTo]) => ({ stream, upTo }));
    const head = seal(
      "syncHead",
      { device: DEVICE, latestSequence: 0, keyringVersion: 3, asOfMs, ...this.head(hello) },
      signingKey,
    );
    this.say(
      pack(
        "sync",
        { device: DEVICE },
        {
          sessionEpoch,
          acknowledgements,
          head,
          serverTimeMs: asOfMs,
          helloMonotonicMs: hello?.time?.monotonicMs ?? 0,
          ...this.sync(hello),
        },
      ),
    );
  }

  #take(arrival: Arrival): void {
    if (!this.lets()) return;
    this.heard.push(arrival);
    if (arrival.name === "hello" && this.answersHello) this.saySync(arrival.message.sessionEpoch, arrival.message);
    if (isStreamName(arrival.name)) this.#store(arrival.name, arrival.message as RecordBatch);
  }

  #store(stream: StreamName, { records }: RecordBatch): void {
    if (!this.acknowledges) return;
    for (const record of records as v1.Record[]) {
      const upTo = this.watermarks.get(stream) ?? 0;
      const last = record.gap?.upTo ?? record.sequence;
      if (last <= upTo) continue;
      // Something before it is missing: it will be sent again.
      if (record.sequence > upTo + 1) break;
      if (record.gap) this.explained += record.gap.records;
      else this.stored.push(record.agentEvent?.detail ?? record.commandOutput?.command ?? "");
      this.watermarks.set(stream, last);
    }
    const acknowledgements = [{ stream, upTo: this.watermarks.get(stream) ?? 0 }];
    this.say(pack("ack", { device: DEVICE }, { acknowledgements, serverTimeMs: this.now() }));
  }
}
