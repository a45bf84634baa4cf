import {
  isStreamName,
  pack,
  ProtocolError,
  unpack,
  unpackBatch,
  type Bye,
  type Hello,
  type Packet,
  type StreamName,
} from "@edgemere/protocol";
import { SECOND, type Loop } from "@edgemere/protocol/kit";
import { put } from "../platform/change.ts";
import type { DeviceLink, DeviceSession, SetAsideRecord, StreamAccount } from "../platform/device-link.ts";
import type { Family } from "../platform/figures.ts";
import { inTime } from "../platform/in-time.ts";
import { Ways, type Carrier, type DeviceMessages } from "./carrier.ts";
import { Conduct } from "./conduct.ts";
import type { FeatureFailed } from "./feature-failed.ts";
import { FeatureNews } from "./feature-news.ts";
import { newsOf } from "./hello-news.ts";
import { Ingest } from "./ingest.ts";
import { IngestQueue } from "./overload.ts";
import { nameOf } from "./own-topic.ts";
import type { LinkParts, LiveSession } from "./link-parts.ts";
import { Pauses, type PauseReason } from "./pauses.ts";
import { Refusals, type Refusal } from "./refusals.ts";
import { isOfSession, isOldNews, lastSessions, restored } from "./restored.ts";
import { forgetSetAside, setAsideOf } from "./set-aside.ts";
import { reconnectSpread } from "./spread.ts";
import { syncOf } from "./sync.ts";
import { Traffic } from "./traffic.ts";
import { Turns } from "../platform/turns.ts";
import { understood } from "./understood.ts";
import { accountsOf } from "./watermark.ts";

/** Who is told to wait is not read for this long: so long its road is full, and nothing of it is kept here. */
const NOT_READ_FOR = 500;
const LAST_WORD_WITHIN = SECOND; // Who does not listen is not waited for.

/**
 * The device side of the control plane, without a transport: what arrives goes to the features and is stored before it
 * is acknowledged; what waits for a device is sent. Sessions live in memory only: every one begins with a Hello.
 */
export class Link<C> implements DeviceLink, DeviceMessages {
  readonly #parts: LinkParts<C>;
  readonly #ingest: Ingest<C>;
  readonly #queue = new IngestQueue();
  readonly #traffic = new Traffic();
  readonly #refusals: Refusals;
  readonly conduct: Conduct;
  readonly #sessions = new Map<string, LiveSession>();
  readonly #pauses: Pauses;
  readonly #news: FeatureNews<C>;
  readonly #turns = new Turns();
  #hadNoRoom = false;
  readonly #ways = new Ways();

  constructor(parts: LinkParts<C>) {
    this.#parts = parts;
    this.#ingest = new Ingest(parts, this.#traffic);
    this.#refusals = new Refusals(parts.log);
    this.conduct = new Conduct(parts.clock, (device, message) => {
      this.#refusals.count(device, { reason: "misconduct", message });
      void this.#news.accuse(device, message);
    });
    this.#pauses = new Pauses(parts.clock);
    this.#news = new FeatureNews(parts, this.#failed);
  }

  attach(carrier: Carrier | undefined, device?: string): void {
    this.#ways.attach(carrier, device);
  }

  sessions(): readonly DeviceSession[] {
    return [...this.#sessions.values()].map(({ keyring: _, isMoreWaiting: __, ...seen }) => seen);
  }

  session(device: string): DeviceSession | undefined {
    return this.#sessions.get(device);
  }

  refusals(device?: string): Readonly<Record<string, number>> {
    return this.#refusals.totals(device);
  }

  figures(): readonly Family[] {
    return this.#traffic.figures(this.refusals(), this.#sessions.size, this.#queue.waiting);
  }

  accounts(device: string): Promise<readonly StreamAccount[]> {
    return accountsOf(this.#parts.store, device);
  }

  setAside(device: string): Promise<readonly SetAsideRecord[]> {
    return setAsideOf(this.#parts.store, device);
  }

  /** Forgets what was set aside longer ago than that, milliseconds. */
  forgetting(keepFor: number): Loop {
    return forgetSetAside({ ...this.#parts, keepFor });
  }

  refuse(device: string, refusal: Refusal): void {
    this.#refusals.count(device, refusal);
    if (refusal instanceof ProtocolError && device !== "") this.conduct.note(device, "refused");
  }

  pardon(device: string): void {
    if (this.conduct.pardon(device)) this.disconnect(device, "it was held back, and is not any more");
  }

  async send(device: string, packet: Packet): Promise<void> {
    if (this.#news.isTold(device)) await this.#answer(device, packet);
  }

  disconnect(device: string, reason: string): void {
    this.#ways.to(device)?.disconnect(device, reason);
  }

  dismiss(device: string, reason: string): void {
    const end = () => this.disconnect(device, reason);
    void inTime(this.#told(device), LAST_WORD_WITHIN, this.#parts.clock).then(end, end);
  }

  resync(device: string): void {
    if (this.#sessions.has(device)) void this.#told(device);
  }

  heard(device: string): void {
    const session = this.#sessions.get(device);
    if (session) session.lastHeardAt = this.#parts.clock.now();
    if (!this.#isTakingRecords) return;
    if (this.#hadNoRoom) this.#resume();
    if (this.#news.isDue(device)) this.#startOver(device);
  }

  async arrived(device: string, topic: string, payload: Uint8Array, address: string): Promise<void> {
    this.heard(device);
    const name = this.#understood(device, () => nameOf(device, topic));
    if (name === undefined) return;
    this.#traffic.arrived(name);
    if (!isStreamName(name)) return this.#turns.take(device, () => this.#spoken(device, { topic, payload }, address));
    if (!this.#queue.enter(device, name, payload.length)) return this.#putOff(device, "overloaded");
    let isTaken = true;
    try {
      await this.#turns.take(device, async () => {
        isTaken = this.#isTakingRecords;
        if (isTaken) await this.#received(device, name, payload);
      });
    } finally {
      this.#queue.leave(device, payload.length);
    }
    if (!isTaken) await this.#putOff(device, "read-only");
  }

  dropped(device: string): void {
    // In its turn: a Hello that is still being stored would bring the session back, and nobody would ever end it.
    void this.#turns.take(device, async () => {
      this.#sessions.delete(device);
      this.#pauses.forget(device);
      this.#news.forget(device);
      this.#ingest.forget(device);
    });
  }

  get #isTakingRecords(): boolean {
    return this.#parts.isTakingRecords?.() ?? true;
  }

  readonly #generation = (): number => this.#parts.generation?.() ?? 1;

  /** Whoever was told to wait need not wait any longer; whoever was heard and not told of says hello once more. */
  #resume(): void {
    this.#hadNoRoom = false;
    for (const device of this.#pauses.end()) this.resync(device);
    for (const device of this.#news.untold) this.#startOver(device);
  }

  /** What could not be told of its session is told with its next Hello. */
  #startOver(device: string): void {
    this.#news.hold(device);
    this.disconnect(device, "its session could not be stored");
  }

  readonly #failed = (device: string, { message }: FeatureFailed): void =>
    this.#refusals.count(device, { reason: "failed", message });

  async #answer(device: string, packet: Packet): Promise<void> {
    if (this.#sessions.has(device)) await this.#ways.to(device)?.send(packet, device);
  }

  #understood<T>(device: string, reader: () => T): T | undefined {
    return understood(reader, (error) => this.refuse(device, error));
  }

  async #spoken(device: string, { topic, payload }: Pick<Packet, "topic" | "payload">, address: string): Promise<void> {
    const arrival = this.#understood(device, () => unpack(topic, payload));
    if (arrival?.name === "hello") return this.#opened(device, arrival.message, address);
    if (arrival?.name === "bye") return this.#closed(device, arrival.message);
    if (arrival?.name === "terminal") return this.#news.frame(arrival, (error) => this.refuse(device, error));
    if (arrival === undefined) return;
    this.refuse(device, new ProtocolError("wrong-direction", `${arrival.name} is not for devices to say`));
  }

  async #opened(device: string, hello: Hello, address: string): Promise<void> {
    const { clock, store, log } = this.#parts;
    const live = this.#sessions.get(device);
    // On its way since an earlier connection: the device is past it.
    if (live !== undefined && hello.sessionEpoch < live.epoch) return;
    const last = await store.get(lastSessions, device);
    if (isOldNews(hello, last)) return;
    const now = clock.now();
    // A device that has heard of this life of the control plane lost its records some other way.
    const isFromBefore = this.#generation() > 1 && hello.generation < this.#generation();
    // It hears of this one when that is written down, and not before: later nobody can tell why they are missing.
    if (isFromBefore && !this.#isTakingRecords) return this.disconnect(device, "there is no room to explain a restore");
    if (isFromBefore) await this.#ingest.explainRestored(device, hello.streams, now);
    const isSameConnection = live !== undefined;
    const isRestored = restored(hello, { last, watermarks: await this.#ingest.watermarksOf(device), isSameConnection });
    if (isRestored) log.warn("device remembers less than it told before", { device, ...isRestored });
    const { bootId, sessionEpoch: epoch, time } = hello;
    const isSameSession = isSameConnection && isOfSession(hello, last) && this.#news.isTold(device);
    const news = { ...newsOf(hello, now, isSameSession), ...(isRestored && { isRestored }) };
    const said = { saidAt: time?.monotonicMs ?? 0, saidWallAt: time?.wallMs ?? 0 };
    const heard = put(lastSessions, { id: device, epoch, bootId, ...said });
    const opened = { device, epoch, kind: "opened", reason: "hello", hello: news } as const;
    await this.#news.tell(opened, this.#isTakingRecords, heard);
    const own = { keyring: hello.keyringVersion, isMoreWaiting: false };
    this.#sessions.set(device, { device, epoch, since: now, lastHeardAt: now, address, ...own });
    await this.#sync(device, hello);
  }

  async #closed(device: string, bye: Bye): Promise<void> {
    // A will may come minutes late: it speaks only of the session it was made for.
    if (bye.sessionEpoch < (this.#sessions.get(device)?.epoch ?? 0)) return;
    this.#sessions.delete(device);
    const closed = { device, epoch: bye.sessionEpoch, kind: "closed", reason: bye.reason } as const;
    await this.#news.tell(closed, this.#isTakingRecords);
  }

  async #received(device: string, stream: StreamName, payload: Uint8Array): Promise<void> {
    // Decoded in its turn, and not before: a decoded batch takes many times the room.
    const judged = this.#understood(device, () => unpackBatch(stream, payload));
    if (judged === undefined) return;
    const proved = stream === "result" ? await this.#news.proved(device, judged) : judged;
    const read = await this.#ingest.read(device, stream, proved);
    for (const refusal of read.refusals) this.#refusals.count(device, refusal);
    const { upTo, alarm, failure } = await this.#ingest.take(device, stream, read, this.#sessions.has(device));
    if (alarm !== undefined) {
      this.#refusals.count(device, { reason: alarm.kind, message: alarm.reason });
      await this.#news.raise(alarm);
    }
    // Not acknowledged, so it comes again; other streams of the device go on meanwhile.
    if (failure !== undefined) return this.#failed(device, failure);
    const unknownSchemas = [...read.unknownSchemas];
    const ack = { acknowledgements: [{ stream, upTo }], serverTimeMs: this.#parts.clock.now(), unknownSchemas };
    await this.#answer(device, pack("ack", { device }, ack));
    // What it has taken or ended makes room for the next page.
    if (stream === "result" && this.#sessions.get(device)?.isMoreWaiting) await this.#sync(device);
  }

  async #putOff(device: string, reason: PauseReason): Promise<void> {
    this.#refusals.count(device, { reason, message: "records were not taken and will be sent again" });
    if (this.#pauses.begin(device, reason)) this.resync(device);
    await this.#parts.clock.sleep(NOT_READ_FOR);
  }

  #told(device: string): Promise<void> {
    const told = this.#turns.take(device, () => this.#sync(device));
    return told.catch((error: unknown) => this.#parts.log.warn("sync not sent", { device, error }));
  }

  async #sync(device: string, hello?: Hello): Promise<void> {
    const session = this.#sessions.get(device);
    if (session === undefined) return;
    if (!this.#isTakingRecords) {
      this.#hadNoRoom = true;
      this.#pauses.begin(device, "read-only");
    }
    const sync = syncOf({
      ...this.#parts,
      device,
      epoch: session.epoch,
      deviceKeyring: session.keyring,
      watermarks: await this.#ingest.watermarksOf(device),
      waiting: await this.#news.offers(device),
      generation: this.#generation(),
      now: this.#parts.clock.now(),
      hello,
      pauseMs: this.#pauses.left(device),
      reconnectSpreadMs: reconnectSpread(this.#sessions.size),
    });
    session.isMoreWaiting = sync.moreCommands === true;
    await this.#answer(device, pack("sync", { device }, sync));
    // One that did not get it misses it by the head, and says hello anew.
    session.keyring = this.#parts.signer.keyringVersion;
  }
}
