import type { PolicyReport, Record_ } from "@edgemere/protocol";
import { put, type Change } from "../../platform/change.ts";
import { dated } from "../../platform/dating.ts";
import type { Received } from "../../platform/feature.ts";
import { alert, alertId } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { devicePacks, deviceWords, ownEnds, type DeviceWords, type OwnEnd } from "./device-packs-tables.ts";
import { nextByWord, type Word } from "./device-word.ts";
import { begun, byWord, rowAfter, type Told } from "./evaluating.ts";
import { withEnds } from "./own-ends.ts";
import { stillSaid } from "./opening.ts";
import { quietOf } from "./quiet.ts";
import type { Known } from "./watch.ts";
import { isOnDevice, watches } from "./watched-policy.ts";

/**
 * Takes the words of devices on policies that they watch by themselves, in one commit with what becomes of the alerts. A word that comes again
 * is known by its number; what is late becomes the past of its alert, by the device's own time.
 */
export async function receiveWords(received: Received, context: PoliciesContext): Promise<readonly Change[]> {
  const reports = received.records.filter(({ body }) => body === "policyReport");
  if (reports.length === 0) return [];
  const { store, watch } = context;
  const { device, receivedAt } = received;
  const known = await watch.known(device, context);
  if (known === undefined) return [];
  let words: DeviceWords = (await store.get(deviceWords, device)) ?? nothingHeard(device);
  const instants = dated(reports, received);
  const taken = new Map<string, { readonly record: Record_; readonly word: Word }[]>();
  for (const [place, record] of reports.entries()) {
    const { number, packVersion, policy, revision, state } = record.policyReport as PolicyReport;
    if (number <= words.number) continue;
    const word = { state: state as Word["state"], at: Math.min(instants[place]?.at ?? receivedAt, receivedAt) };
    const said = policy === "" ? {} : { [policy]: { ...word, revision } };
    words = { ...words, number, pack: packVersion, heardAt: receivedAt, policies: { ...words.policies, ...said } };
    if (policy !== "") taken.set(policy, [...(taken.get(policy) ?? []), { record, word }]);
  }
  watch.lookAtPack(device);
  const changes: Change[] = [put(deviceWords, words)];
  for (const [policy, said] of taken)
    changes.push(...(await alertChanges(known, policy, said, { receivedAt, context })));
  return changes;
}

const nothingHeard = (id: string): DeviceWords => ({ id, number: 0, pack: 0, heardAt: 0, policies: {} });

async function alertChanges(
  known: Known,
  policy: string,
  said: readonly { readonly record: Record_; readonly word: Word }[],
  { receivedAt, context }: { readonly receivedAt: number; readonly context: PoliciesContext },
): Promise<readonly Change[]> {
  const each = (await context.watch.policies(context)).byName.get(policy);
  if (each === undefined || !isOnDevice(each.row) || !watches(each, known.row, known.view)) return [];
  // Somebody who was not obeyed is not believed either: the centre decides.
  if ((await context.store.get(devicePacks, known.row.id))?.refused !== undefined) return [];
  const ends = (await context.store.get(ownEnds, known.row.id))?.ends ?? [];
  const changes: Change[] = [];
  let row = await context.store.get(alert, alertId(policy, known.row.id));
  const isOpen = row !== undefined && row.state !== "resolved";
  for (const [place, { record, word }] of said.entries()) {
    // What is past was no less a surprise then.
    const quiet = place === said.length - 1 ? await quietOf(each, known.row, context) : undefined;
    const told = toldBy(record.policyReport as PolicyReport, word, { receivedAt, ends, reason: quiet?.reason ?? "" });
    const steps = nextByWord(row, word, quiet);
    const [first, ...rest] = steps;
    if (row === undefined && first?.do === "move") {
      const created = begun(each, { device: known.row.id }, first, told);
      row = rowAfter(created);
      changes.push(...created, ...(row === undefined ? [] : byWord(row, rest, told)));
    } else if (row !== undefined) changes.push(...byWord(row, steps, told));
    row = changes.length === 0 ? row : rowAfter(changes);
  }
  known.open.add(policy);
  return isOpen || changes.length === 0 ? changes : [...changes, await stillSaid(each.row, context)];
}

function toldBy(
  { looked, acted }: PolicyReport,
  { at }: Word,
  {
    receivedAt,
    reason,
    ends,
  }: { readonly receivedAt: number; readonly reason: string; readonly ends: readonly OwnEnd[] },
): Told {
  const done = acted.map(({ kind, command, problem }) => ({
    what: kind,
    at,
    ...(problem === "" ? { made: command } : { problem }),
  }));
  const values = looked.map(({ what, value }) => ({ what, ...(typeof value === "number" && { value }) }));
  return { now: at, looked: values, reason, acts: false, heardAt: receivedAt, done: withEnds(done, ends) };
}
