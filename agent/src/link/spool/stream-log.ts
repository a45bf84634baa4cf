import type { StreamName } from "@edgemere/protocol";
import type { Appender, Disk } from "@edgemere/protocol/kit";
import { isDiskFull } from "./disk-full.ts";
import {
  bothLosses,
  consecutive,
  framed,
  gapOf,
  gapReasonOf,
  keep,
  type GapReason,
  type KeptRecord,
  type Loss,
  within,
} from "./kept-record.ts";
import { oldestToGiveUp } from "./give-up.ts";
import { openSegments, type OpenedSegments } from "./open-segments.ts";
import { chosenFrom, SegmentReader, type ReadRoom } from "./segment-reader.ts";
import { canBeThinned, grown, holdsRecords, pathOf, segmentOf, type Segment } from "./segment.ts";
import type { StreamParts } from "./stream-parts.ts";
import { thin } from "./thin.ts";

/**
 * The records of one stream, numbered from 1 without a hole, in segment files. The newest file is never removed, so the
 * numbers survive when everything is acknowledged. Calls must not overlap: the spool sees to that.
 */
export class StreamLog {
  readonly stream: StreamName;
  readonly damaged: number;
  readonly #parts: StreamParts;
  readonly #disk: Disk;
  readonly #reader: SegmentReader;
  readonly #segments: Segment[];
  /** Of the newest segment, what is not acknowledged. */
  #kept: KeptRecord[];
  /** Whether the newest file may grow: after a failed write it is not known what it holds behind the last record. */
  #isSound: boolean;
  #appender: Appender | undefined;
  #acknowledged: number;
  /** Numbers from here on were given by this process, and the control plane knows those up to `#readUpTo` at most. */
  #ownFrom: number;
  #readUpTo: number;

  private constructor(parts: StreamParts, found: OpenedSegments) {
    this.stream = parts.stream;
    this.damaged = found.damaged;
    this.#parts = parts;
    this.#disk = parts.env.disk;
    this.#reader = new SegmentReader(this.#disk, this.stream);
    this.#segments = found.segments;
    this.#kept = [...found.kept];
    this.#isSound = found.isSound;
    this.#acknowledged = found.segments[0].first - 1;
    this.#ownFrom = this.next;
    this.#readUpTo = this.next - 1;
  }

  /** Reads what a former process left, and mends what a power cut or a bad disk did to it. */
  static async open(parts: StreamParts): Promise<StreamLog> {
    return new StreamLog(parts, await openSegments({ ...parts, hasBegun: parts.begun.has(parts.stream) }));
  }

  get next(): number {
    return this.#newest.next;
  }

  get firstUnacknowledged(): number {
    return this.#acknowledged + 1;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Of the records that are not acknowledged; a segment that is acknowledged in part counts whole. */
  get unacknowledgedBytes(): number {
    const newest = this.#kept.reduce((sum, { payload }) => sum + payload.length, 0);
    return this.bytes - this.#newest.bytes + newest;
  }

  get schemas(): ReadonlySet<string> {
    return new Set(this.#segments.flatMap(({ schemas }) => [...schemas]));
  }

  /** Numbers and keeps records; durable when it resolves. When it rejects, none of them is kept and no number is used. */
  async append(records: readonly KeptRecord[]): Promise<void> {
    const appender = await this.#writable();
    const numbered = consecutive(this.stream, records, this.next);
    const content = framed(numbered);
    try {
      await appender.write(content);
      await appender.sync();
    } catch (error) {
      await this.#abandon();
      if (isDiskFull(error)) throw error;
      this.#parts.onFailure(error);
      return this.#rewrite(numbered);
    }
    this.#segments.splice(-1, 1, grown(this.#newest, content.length, numbered));
    for (const record of numbered) this.#kept.push(record);
  }

  /** Gives numbers to records that were refused and keeps a gap in their place. As long as nobody has read it, it grows with the next ones. */
  async lose(reason: GapReason, loss: Loss): Promise<void> {
    const newest = this.#newest;
    const last = this.#kept.at(-1);
    const isUnread = last !== undefined && last.last > this.#readUpTo;
    if (last === undefined || !isUnread || gapReasonOf(last) !== reason)
      return this.append([keep(this.stream, gapOf(1, loss.records, reason, loss))]);

    const isAlone = newest.gap === reason && newest.loss !== undefined;
    const [first, whole] = isAlone ? [newest.first, bothLosses(newest.loss, loss)] : [newest.next, loss];
    const gap = keep(this.stream, gapOf(first, first + whole.records - 1, reason, whole));
    await this.close();
    // Whether a write that fails has taken place nobody knows: then another file is begun.
    this.#isSound = false;
    await this.#replace(first, [gap]);
    if (isAlone) this.#segments.pop();
    this.#settle(first, [gap]);
  }

  /** Everything up to this number is stored at the control plane. */
  async acknowledge(upTo: number): Promise<void> {
    if (upTo > Math.max(this.#readUpTo, this.#ownFrom - 1)) return this.#moveBehind(upTo);
    if (upTo <= this.#acknowledged) return;
    this.#acknowledged = upTo;
    this.#kept = this.#kept.filter((record) => record.last > upTo);
    await this.#forget().catch(this.#parts.onFailure);
  }

  /** Records from a number on, as many as there is room for, at least one when there is one. */
  async read(from: number, room: ReadRoom): Promise<readonly KeptRecord[]> {
    const segment = this.#segments.find((each) => each.next > from);
    if (segment === undefined) return [];
    const chosen = chosenFrom(await this.#recordsOf(segment), from, room);
    this.#readUpTo = Math.max(this.#readUpTo, chosen.at(-1)?.last ?? 0);
    return chosen;
  }

  /** The newest records up to a number that are not acknowledged, without those that nobody but this process knows of. */
  async known(upTo: number, count: number): Promise<readonly KeptRecord[]> {
    const from = Math.max(this.firstUnacknowledged, upTo - count + 1);
    return this.#between(from, Math.min(upTo, Math.max(this.#readUpTo, this.#ownFrom - 1)));
  }

  /** Removes what is acknowledged also where the newest file holds it. False when that makes no room. */
  async reclaim(): Promise<boolean> {
    if (this.#newest.loss === undefined || this.#acknowledged < this.next - 1) return false;
    await this.#begin();
    return true;
  }

  /** Makes room by giving up the oldest segment; a gap stands for it from then on. False when there is none to give up. */
  async dropOldest(reason: GapReason): Promise<boolean> {
    if (await this.reclaim()) return true;
    if (this.#newest.loss !== undefined && !this.#segments.slice(0, -1).some(holdsRecords)) await this.#begin();
    const sacrifice = oldestToGiveUp(this.#segments, this.firstUnacknowledged, reason);
    if (sacrifice === undefined) return false;
    const { from, segments, victim, first, last, loss } = sacrifice;
    const gap = keep(this.stream, gapOf(first, last, reason, loss));

    // In one step: until the gap is durable the records are still there.
    await this.#replace(first, [gap]).catch(async (error: unknown) => {
      if (!isDiskFull(error)) throw error;
      // An empty file in a row of files counts as damage: if the gap finds no room either, the loss is told all the same.
      await this.#disk.truncate(pathOf(this.stream, victim.name), 0);
      this.#reader.forget();
      this.#segments.splice(this.#segments.indexOf(victim), 1, { ...victim, bytes: 0 });
      await this.#replace(first, [gap]);
    });
    for (const each of segments) if (each.name !== first) await this.#disk.remove(pathOf(this.stream, each.name));
    const stand = segmentOf({ name: first, first, bytes: framed([gap]).length, records: [gap] });
    this.#segments.splice(from, segments.length, stand);
    this.#reader.forget();
    return true;
  }

  /** Thins out the oldest whole segment whose records were all made before an instant. False when there is none. */
  async thinOldest(before: number, keepEvery: number): Promise<boolean> {
    const at = this.#segments.findIndex((each) => each !== this.#newest && canBeThinned(each, before));
    const segment = this.#segments[at];
    if (segment === undefined) return false;
    const records = thin(this.stream, await this.#reader.records(segment), keepEvery);
    await this.#replace(segment.name, records);
    const left = segmentOf({ ...segment, bytes: framed(records).length, records });
    this.#segments.splice(at, 1, { ...left, isThin: true });
    this.#reader.forget();
    return true;
  }

  async close(): Promise<void> {
    const appender = this.#appender;
    this.#appender = undefined;
    await appender?.close();
  }

  get #newest(): Segment {
    return this.#segments.at(-1) as Segment;
  }

  /** Of the newest, what is not acknowledged. */
  async #recordsOf(segment: Segment): Promise<readonly KeptRecord[]> {
    return segment === this.#newest ? this.#kept : this.#reader.records(segment);
  }

  async #between(from: number, upTo: number): Promise<readonly KeptRecord[]> {
    const found: KeptRecord[] = [];
    for (const segment of this.#segments)
      if (segment.next > from && segment.first <= upTo)
        found.push(...(await this.#recordsOf(segment)).flatMap((each) => within(this.stream, each, from, upTo)));
    return found;
  }

  #replace(name: number, records: readonly KeptRecord[]): Promise<void> {
    return this.#disk.write(pathOf(this.stream, name), framed(records));
  }

  async #writable(): Promise<Appender> {
    if (!this.#isSound || this.#newest.bytes >= this.#parts.segmentBytes) await this.#begin();
    this.#appender ??= await this.#disk.append(pathOf(this.stream, this.#newest.name));
    await this.#parts.begun.add(this.stream);
    return this.#appender;
  }

  /** Closes the newest segment and begins another; an empty one is used again. */
  async #begin(name = this.next): Promise<void> {
    const newest = this.#newest;
    await this.close();
    this.#isSound = false;
    this.#appender = await this.#disk.append(pathOf(this.stream, name));
    // What a failed write left there was never promised.
    if (this.#appender.size > 0) await this.#disk.truncate(pathOf(this.stream, name), 0);
    if (newest.loss !== undefined || name !== newest.next) {
      this.#segments.push(segmentOf({ name, first: name, bytes: 0, records: [] }));
      this.#kept = [];
    }
    this.#isSound = true;
    await this.#forget().catch(this.#parts.onFailure);
  }

  async #abandon(): Promise<void> {
    const appender = this.#appender;
    this.#appender = undefined;
    this.#isSound = false;
    // It failed already; that its end fails too says nothing new.
    await appender?.close().catch(() => {});
  }

  /** After a failed write of the newest segment: what of it is not acknowledged, and what was to be added, goes into a fresh file. */
  async #rewrite(added: readonly KeptRecord[]): Promise<void> {
    const records = [...this.#kept, ...added];
    const former = this.#newest;
    const name = records[0]?.first ?? former.next;
    await this.#replace(name, records);
    this.#segments.pop();
    this.#settle(name, records);
    // Its records are acknowledged or in the fresh file, which wins should this one stay.
    if (former.name !== name) await this.#disk.remove(pathOf(this.stream, former.name)).catch(this.#parts.onFailure);
  }

  /** A segment that was written whole is the newest. */
  #settle(name: number, records: readonly KeptRecord[]): void {
    this.#segments.push(segmentOf({ name, first: name, bytes: framed(records).length, records }));
    this.#kept = [...records];
    this.#isSound = true;
    this.#reader.forget();
  }

  /** Removes the segments that are acknowledged whole, oldest first. One that stays is tried again with the next acknowledgement. */
  async #forget(): Promise<void> {
    for (let oldest = this.#segments[0]; oldest && oldest !== this.#newest; oldest = this.#segments[0]) {
      if (oldest.next - 1 > this.#acknowledged) return;
      await this.#disk.remove(pathOf(this.stream, oldest.name));
      this.#segments.shift();
    }
  }

  /**
   * The control plane has numbers that were never sent from here: the disk is an old copy or lost its end. Those numbers
   * are taken, so what this process gave the same ones moves to the end; what it numbered above them stays where it is.
   */
  async #moveBehind(upTo: number): Promise<void> {
    const from = Math.max(this.#ownFrom, this.firstUnacknowledged);
    const taken = await this.#between(from, upTo);
    const name = Math.max(upTo + 1, this.next);
    if (taken.length > 0) {
      const moved = consecutive(this.stream, taken, name);
      await this.close();
      // In one step: until they have their new numbers they have the old ones.
      await this.#replace(name, moved);
      if (this.#newest.name === name) this.#segments.pop();
      this.#settle(name, moved);
    } else await this.#begin(name);
    this.#ownFrom = upTo + 1;
    this.#readUpTo = upTo;
    this.#acknowledged = upTo;
    await this.#forget().catch(this.#parts.onFailure);
  }
}
