import type { StreamPosition } from "../../platform/feature.ts";
import { table } from "../../platform/resource.ts";

/** How far a device was in its streams at its last Hello. */
export const positions = table<{
  /** The device. */
  readonly id: string;
  readonly at: number;
  readonly streams: readonly StreamPosition[];
}>("deviceposition");

/** Something an agent noted. Of each device the newest are kept, in places that are used in turn. */
export interface DeviceEvent {
  readonly id: string;
  readonly device: string;
  /** Counts the device's events. */
  readonly number: number;
  readonly at: number;
  readonly isEstimated: boolean;
  /** As the device wrote it. */
  readonly deviceAt: number;
  readonly clockPeriod: number;
  readonly receivedAt: number;
  readonly name: string;
  readonly detail: string;
}
export const deviceEvents = table<DeviceEvent>("deviceevent", {
  device: ({ device, number }) => [[device, number]],
  received: ({ receivedAt, id }) => [[receivedAt, id]],
});

/** How many events a device has had. */
export const eventCounts = table<{ readonly id: string; readonly version: number }>("deviceeventcount");
