import { put, replaced, type Change } from "../../platform/change.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { dated } from "../../platform/dating.ts";
import type { Received, SessionNews } from "../../platform/feature.ts";
import { deviceEvents, eventCounts, positions } from "./tables.ts";

/** Of each device so many events are kept. */
export const EVENTS_KEPT = 200;

/** What agents note for operators. Of more than are kept only the newest are written at all. */
export async function receiveEvents(received: Received, { store }: PlatformContext): Promise<readonly Change[]> {
  const { device, clocks, receivedAt } = received;
  const noted = received.records.filter(({ body }) => body === "agentEvent");
  if (noted.length === 0) return [];
  const before = (await store.get(eventCounts, device))?.version ?? 0;
  const times = dated(noted, { clocks, receivedAt });
  const changes = noted.map(({ agentEvent, atMs, clockPeriod }, place) => {
    const number = before + 1 + place;
    // A time that cannot be true is no use to an operator; when it was told is.
    const when = times[place]?.isEstimated === false ? times[place] : { at: receivedAt, isEstimated: true };
    return put(deviceEvents, {
      id: `${device}/${number % EVENTS_KEPT}`,
      device,
      number,
      at: when.at,
      isEstimated: when.isEstimated,
      deviceAt: atMs,
      clockPeriod,
      receivedAt,
      name: agentEvent?.name ?? "",
      detail: agentEvent?.detail ?? "",
    });
  });
  return [
    ...changes.slice(-EVENTS_KEPT),
    replaced(eventCounts, { id: device, version: before + noted.length }, before),
  ];
}

/** How far a device is by its own word: what it has produced and not sent yet. */
export async function receiveSession({ device, hello }: SessionNews, { clock }: PlatformContext) {
  return hello?.streams ? [put(positions, { id: device, at: clock.now(), streams: hello.streams })] : [];
}
