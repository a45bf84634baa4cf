import type { DirtyHour } from "./window-tables.ts";

/** All that was taken up of an hour of a device. */
export interface TakenUp extends Omit<DirtyHour, "id"> {
  readonly ids: readonly string[];
}

/** Hours of one device are made one after the other, because they share an entry for their day; those of several at once share a commit. */
export function byDevice(all: readonly DirtyHour[]): readonly (readonly TakenUp[])[] {
  const devices = new Map<string, Map<number, TakenUp>>();
  for (const { id, device, hour, minute = 0 } of all) {
    const hours = devices.get(device) ?? new Map<number, TakenUp>();
    const known = hours.get(hour) ?? { minute, ids: [] };
    hours.set(hour, { device, hour, minute: Math.min(minute, known.minute ?? 0), ids: [...known.ids, id] });
    devices.set(device, hours);
  }
  return [...devices.values()].map((hours) => [...hours.values()]);
}
