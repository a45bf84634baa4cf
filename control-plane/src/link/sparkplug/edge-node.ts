import type { SparkplugMetric, SparkplugPayload, SparkplugTopic } from "@edgemere/protocol/sparkplug";
import { bdSeqOf, isControlMetric, sparkplugLimits, valueOf } from "@edgemere/protocol/sparkplug";
import { LATEST_INSTANT, limits } from "@edgemere/protocol";
import { isPlausible } from "../../platform/dating.ts";
import type { Refusal } from "../refusals.ts";
import type { Sample } from "./batches.ts";
import { Source, type KnownMetric } from "./source.ts";

/** What follows from a message. */
export interface Told {
  readonly samples: Sample[];
  /** What was not taken, each by itself. */
  readonly refusals: Refusal[];
  /** Messages that were sent since the one before, and never came. */
  lost: number;
  /** It cannot be understood before the edge node has said anew what it has. */
  needsBirths: boolean;
}

/** Whether a Sparkplug device of an edge node is there: 1 or 0; the device is the instance. */
const DEVICE_ONLINE = "sparkplug.device_online";
/** The edge node itself, among its devices, none of which is called so. */
const ITSELF = "";
const SEQUENCES = 256;
const NOT_BORN = "not-born";

/**
 * What is known of one edge node by its own words: its births, their aliases, where its sequence stands, its texts. Takes
 * messages in their order and tells what they mean. Has no clock: `now` is the instant of the message's arrival.
 */
export class EdgeNode {
  readonly #sources = new Map<string, Source>([[ITSELF, new Source()]]);
  #seq: number | undefined;
  #bdSeq: number | undefined;
  /** Counts the changes of its facts. */
  factsVersion = 0;

  get isBorn(): boolean {
    return this.#source(ITSELF)?.isAlive === true;
  }

  /** Which of its sessions the last birth began. */
  get bdSeq(): number | undefined {
    return this.#bdSeq;
  }

  /** Anything but a death of its own. */
  hear(topic: SparkplugTopic, payload: SparkplugPayload, now: number): Told {
    const told: Told = { samples: [], refusals: [], lost: 0, needsBirths: false };
    if (topic.word === "NBIRTH") this.#born(payload, now, told);
    else if (!this.isBorn) this.#unknown(told, "it has not said what it is");
    else if (this.#follows(payload, told)) this.#spoken(topic, payload, now, told);
    return told;
  }

  /** It is gone, and its devices with it. */
  die(now: number): readonly Sample[] {
    const samples = this.#deviceNames()
      .filter((name) => this.#source(name)?.isAlive)
      .map((name) => presence(name, false, now));
    for (const source of this.#sources.values()) source.isAlive = false;
    return samples;
  }

  /** Its texts and those of its devices, by name; one whose name is too long for a fact is left out. */
  facts(): readonly (readonly [name: string, text: string])[] {
    return [...this.#sources]
      .flatMap(([of, source]) =>
        source.texts().map(([name, text]) => [of === ITSELF ? name : `${of}/${name}`, text] as const),
      )
      .filter(([name]) => name.length <= limits.nameLength);
  }

  #born(payload: SparkplugPayload, now: number, told: Told): void {
    if (payload.seq === undefined) return this.#withoutSequence(told);
    told.samples.push(...this.die(now));
    this.#seq = payload.seq;
    this.#bdSeq = bdSeqOf(payload);
    this.#declare(ITSELF, payload, now, told);
  }

  /** Whether its sequence number says that it can be placed; how many before it are missing. */
  #follows({ seq }: SparkplugPayload, told: Told): boolean {
    if (seq === undefined) {
      this.#withoutSequence(told);
      return false;
    }
    told.lost = (seq - ((this.#seq ?? seq - 1) + 1) + SEQUENCES) % SEQUENCES;
    told.needsBirths = told.lost > 0;
    this.#seq = seq;
    return true;
  }

  #withoutSequence(told: Told): void {
    told.refusals.push({ reason: "missing-field", message: "the message has no sequence number" });
  }

  #spoken(topic: SparkplugTopic, payload: SparkplugPayload, now: number, told: Told): void {
    const of = "device" in topic ? topic.device : ITSELF;
    if (topic.word === "DBIRTH") return this.#deviceBorn(of, payload, now, told);
    const source = this.#source(of);
    if (source?.isAlive !== true) return this.#unknown(told, "its device has not said what it is");
    if (topic.word === "DDEATH") {
      source.isAlive = false;
      told.samples.push(presence(of, false, sentAt(payload, now)));
      return;
    }
    for (const metric of payload.metrics) this.#take(of, source.named(metric), { metric, payload, now, told });
  }

  #deviceBorn(name: string, payload: SparkplugPayload, now: number, told: Told): void {
    if (!this.#sources.has(name) && !this.#hasRoomForDevice()) {
      told.refusals.push({ reason: "too-many", message: `it has more than ${sparkplugLimits.devices} devices` });
      return;
    }
    told.samples.push(presence(name, true, sentAt(payload, now)));
    this.#declare(name, payload, now, told);
  }

  /** A birth: what its source has from now on, and how each of it stands. */
  #declare(of: string, payload: SparkplugPayload, now: number, told: Told): void {
    const before = this.#source(of);
    const source = new Source();
    source.isAlive = true;
    this.#sources.set(of, source);
    let room = sparkplugLimits.metrics - this.#metricsBeside(of);
    for (const metric of payload.metrics) {
      const name = metric.name ?? "";
      if (isControlMetric(name)) continue;
      const fault = faultOf(metric) ?? (room <= 0 ? tooMany : undefined);
      if (fault !== undefined) {
        told.refusals.push(fault);
        continue;
      }
      const known = source.declare(metric, before);
      room--;
      this.#take(of, known, { metric, payload, now, told, isBirth: true });
    }
    this.factsVersion++;
  }

  #take(of: string, known: KnownMetric | undefined, { metric, payload, now, told, isBirth = false }: Said): void {
    if (known === undefined) {
      if (!isControlMetric(metric.name ?? "")) this.#unknown(told, "no birth has named this metric");
      return;
    }
    const value = valueOf(metric, known.datatype);
    if (value.kind === "refused") {
      told.refusals.push({ reason: value.reason, message: value.detail });
    } else if (value.kind === "text") {
      if (!metric.isHistorical) this.#say(of, known, value.value, told);
    } else if (value.kind === "number") {
      const at = metric.timestamp ?? payload.timestamp ?? now;
      const fault = faultOfTime(at, metric.isHistorical, now);
      if (fault !== undefined) told.refusals.push(fault);
      // A birth repeats what was said before: the same sample is not taken twice.
      else if (!(isBirth && known.takenAt === at))
        told.samples.push({ metric: known.name, instance: of, at, value: value.value });
      known.takenAt = at;
    }
  }

  #say(of: string, known: KnownMetric, text: string, told: Told): void {
    const isFull = known.text === undefined && this.#textCount >= limits.facts;
    if (isFull) told.refusals.push({ reason: "too-many", message: `it says more than ${limits.facts} texts` });
    else if (this.#source(of)?.say(known, text)) this.factsVersion++;
  }

  #unknown(told: Told, message: string): void {
    told.refusals.push({ reason: NOT_BORN, message });
    told.needsBirths = true;
  }

  /** Devices that are gone make room: what is known of them is worth little. */
  #hasRoomForDevice(): boolean {
    for (const name of this.#deviceNames()) {
      if (this.#sources.size <= sparkplugLimits.devices) break;
      if (this.#source(name)?.isAlive !== true) this.#sources.delete(name);
    }
    return this.#sources.size <= sparkplugLimits.devices;
  }

  #metricsBeside(of: string): number {
    let count = 0;
    for (const [name, source] of this.#sources) if (name !== of) count += source.size;
    if (count <= sparkplugLimits.metrics / 2) return count;
    for (const [name, source] of this.#sources)
      if (name !== of && name !== ITSELF && !source.isAlive) {
        count -= source.size;
        this.#sources.delete(name);
      }
    return count;
  }

  get #textCount(): number {
    return [...this.#sources.values()].reduce((sum, { textCount }) => sum + textCount, 0);
  }

  #source(name: string): Source | undefined {
    return this.#sources.get(name);
  }

  #deviceNames(): readonly string[] {
    return [...this.#sources.keys()].filter((name) => name !== ITSELF);
  }
}

/** One metric of a message. */
interface Said {
  readonly metric: SparkplugMetric;
  readonly payload: SparkplugPayload;
  readonly now: number;
  readonly told: Told;
  readonly isBirth?: boolean;
}

const tooMany: Refusal = { reason: "too-many", message: `it has more than ${sparkplugLimits.metrics} metrics` };

const presence = (device: string, isThere: boolean, at: number): Sample => ({
  metric: DEVICE_ONLINE,
  instance: device,
  at,
  value: isThere ? 1 : 0,
});

/** When a message was sent; where it says nothing that can be true, when it came. */
const sentAt = ({ timestamp }: SparkplugPayload, now: number): number =>
  timestamp !== undefined && isPlausible(timestamp, now) ? timestamp : now;

/** What is wrong with how a birth names a metric. */
function faultOf({ name, alias, datatype }: SparkplugMetric): Refusal | undefined {
  if (!name) return { reason: "missing-field", message: "a metric has no name" };
  if (name.length > limits.nameLength || name.includes("\u0000"))
    return { reason: "out-of-range", message: `a metric's name has over ${limits.nameLength} characters, or a zero` };
  if (alias !== null && !Number.isSafeInteger(alias))
    return { reason: "out-of-range", message: "an alias is over 2^53" };
  if (datatype === null) return { reason: "missing-field", message: "a metric has no data type" };
  return undefined;
}

/** A sample that claims to be old and cannot be dated would come to stand among those of now. */
function faultOfTime(at: number, isHistorical: boolean, now: number): Refusal | undefined {
  const isInstant = Number.isSafeInteger(at) && at >= 0 && at <= LATEST_INSTANT;
  if (isInstant && !(isHistorical && !isPlausible(at, now))) return undefined;
  return { reason: "out-of-range", message: `a metric's time (${at}) cannot be true` };
}
