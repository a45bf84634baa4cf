import { moved, replaced, updated, type Change } from "../../platform/change.ts";
import type { Alarm, SessionNews } from "../../platform/feature.ts";
import { alerted, device, type Device } from "./contract.ts";
import type { DevicesContext } from "./context.ts";
import { presenceOf, sightAfter, sighted } from "./presence.ts";
import { both, hasWrongClock, helloChange, keyringChange, presenceChange, type Difference } from "./said.ts";
import { traceOf, traces } from "./tables.ts";

/** What a device's hello and goodbye make of its row. A row that would only count sessions is left as it is. */
export async function receiveSession(
  news: SessionNews,
  { store, clock, authority }: DevicesContext,
): Promise<readonly Change[]> {
  const row = await store.get(device, news.device);
  if (row === undefined || row.state === "retired") return [];
  const before = await traceOf(store, row);
  const sight = sightAfter(before, news);
  if (sight === undefined) return [];

  const now = clock.now();
  const sighting = { ...before, ...sighted(before, sight, now), epoch: news.epoch, version: before.version + 1 };
  const presence = presenceChange(row, presenceOf(row.presence, sighting, now), now);
  if (news.hello === undefined) return [replaced(traces, sighting, before.version), ...changes(row, news, presence)];

  const said = both(helloChange(row, news.hello), keyringChange(news.hello, authority.keys.version, now));
  const { clockPeriod, clockOffset } = news.hello;
  const isClockWrong = hasWrongClock({ ...row, ...said.patch });
  const trace = { ...sighting, isClockWrong, clockPeriod, saidAt: now + clockOffset };
  return [replaced(traces, trace, before.version), ...changes(row, news, both(presence, said))];
}

/** Two hosts share one identity, one has an old disk, or one floods: until somebody has looked, it is not trusted with commands. */
export async function receiveAlarm(
  { device: id, kind, reason }: Alarm,
  { store, clock }: DevicesContext,
): Promise<readonly Change[]> {
  const row = await store.get(device, id);
  if (row === undefined) return [];
  // The device itself did nothing wrong: somebody spoke for it.
  if (kind === "unproved-result") return [alerted(row, { at: clock.now(), reason: kind, detail: reason })];
  return quarantined(row, reason);
}

function changes(row: Device, { epoch, hello }: SessionNews, { patch, news }: Difference): readonly Change[] {
  const isChanged = Object.keys(patch).length > 0;
  const after = isChanged ? { ...row, ...patch, sessionEpoch: epoch, version: row.version + 1 } : row;
  return [
    ...(isChanged ? [updated(device, row, { ...patch, sessionEpoch: epoch }, ...news)] : []),
    ...(hello?.isRestored ? quarantined(after, hello.isRestored.reason) : []),
  ];
}

/** One that is in quarantine already keeps its first reason. */
const quarantined = (row: Device, quarantineReason: string): readonly Change[] =>
  row.state === "active" ? [moved(device, row, "quarantine", { quarantineReason })] : [];
