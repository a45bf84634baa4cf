import { IndexChecksum } from "@edgemere/protocol";
import { put, removed, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import type { Data } from "./contract.ts";
import { isSameStand, type Slice } from "./report.ts";
import {
  reportedNames,
  reportProgress,
  unsettledSources,
  wantedIndexes,
  type IndexStand,
  type ReportProgress,
} from "./tables.ts";

/** What a slice speaks of: what its items, and what is gone, were known as. */
export interface Known {
  readonly items: readonly (Data | undefined)[];
  readonly gone: readonly (Data | undefined)[];
}

interface Following {
  /** The source. */
  readonly id: string;
  readonly known: Known;
  readonly progress: ReportProgress | undefined;
  /** How many it holds then. */
  readonly files: number;
}

/** How many files a source holds after a slice, as far as was told. */
export function filesAfter(slice: Slice, { items, gone }: Known, progress: ReportProgress | undefined): number {
  const before = progress?.files ?? 0;
  if (!slice.isChange) return (slice.firstPart === 0 ? 0 : before) + slice.items.length;
  const held = (row: Data | undefined) => row !== undefined && isListed(row);
  return Math.max(0, before + slice.items.length - items.filter(held).length - gone.filter(held).length);
}

/** Remembers what a report named so far, and where the device's index stands; after its last part the source can be settled. */
export async function followed(slice: Slice, to: Following, context: PlatformContext): Promise<readonly Change[]> {
  if (slice.isChange) return changesFollowed(slice, to, context);
  const { id, progress, files } = to;
  const { report, firstPart, lastPart, parts, stand } = slice;
  const isWhole = firstPart === 0 || (progress?.report === report && progress.next === firstPart);
  // A part was lost: what this report leaves out cannot be told any more. A device that counts is asked, and of others the next one will say.
  if (!isWhole) return [removed(reportProgress, id), ...(stand === undefined ? [] : await wanted(id, context))];
  const old = firstPart === 0 ? await namesOfOthers(report, id, context) : [];
  return [
    ...old.map((each) => removed(reportedNames, each)),
    namesOf(slice, id, report),
    put(reportProgress, { id, report, next: lastPart + 1, files, ...(stand !== undefined && { stand }) }),
    ...(stand === undefined ? [removed(wantedIndexes, id)] : []),
    ...(lastPart + 1 === parts ? [put(unsettledSources, { id: context.newId(), source: id, report })] : []),
  ];
}

async function changesFollowed(
  slice: Slice,
  { id, known, progress, files }: Following,
  context: PlatformContext,
): Promise<readonly Change[]> {
  // Told twice, or only how it stands.
  if (progress !== undefined && isSameStand(slice.stand, progress.stand)) return [];
  const { stand } = slice;
  const isNext = progress?.stand !== undefined && progress.stand.number === slice.before && stand !== undefined;
  // What the whole report named is still to be gone through, and what changed since with it: its end will tell whether they fit.
  if (isNext && !progress.isSettled)
    return [namesOf(slice, id, progress.report), put(reportProgress, { ...progress, files, stand })];
  if (isNext && checksumAfter(slice, progress.stand, known) === stand.checksum)
    return [put(reportProgress, { ...progress, files, stand })];
  const { stand: _, ...rest } = progress ?? { id, report: slice.report, next: 0, isSettled: true };
  return [put(reportProgress, { ...rest, files }), ...(await wanted(id, context))];
}

function checksumAfter(slice: Slice, stand: IndexStand, known: Known): string {
  const checksum = new IndexChecksum(Buffer.from(stand.checksum, "hex"));
  for (const row of [...known.items, ...known.gone]) if (row && isListed(row)) checksum.toggle(row);
  for (const item of slice.items) checksum.toggle(item);
  return checksum.bytes.toString("hex");
}

/** Whether the device's index holds it, as far as is known. */
export const isListed = ({ state }: Pick<Data, "state">): boolean => state !== "removed";

function namesOf({ items, gone, firstPart, isChange, stand }: Slice, source: string, report: string): Change {
  const index = stand?.number ?? 0;
  const id = `${source}/${report}/${isChange ? `after-${index}` : firstPart}`;
  return put(reportedNames, { id, source, report, names: items.map(({ name }) => name), gone, index });
}

async function namesOfOthers(report: string, source: string, { store }: PlatformContext): Promise<readonly string[]> {
  const others: string[] = [];
  for await (const each of store.scan(reportedNames, { index: "source", prefix: [source] }))
    if (each.report !== report) others.push(each.id);
  return others;
}

/** Has the device asked for all of it, once. */
export const wanted = async (source: string, { store, clock }: PlatformContext): Promise<readonly Change[]> =>
  (await store.get(wantedIndexes, source)) === undefined
    ? [put(wantedIndexes, { id: source, tries: 0, nextTryAt: clock.now() })]
    : [];
