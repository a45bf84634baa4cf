import type { SimulatedDisk } from "@edgemere/protocol/simulated";
import type { SimulatedDevice } from "./simulated-device.ts";
import type { World } from "./world.ts";

/** A device's disk as it was at one moment, and what had begun there until then. */
export interface DiskImage {
  readonly disk: SimulatedDisk;
  readonly effects: ReadonlySet<string>;
}

export function imageOf({ events, trace }: World, { machine, hardware }: SimulatedDevice): DiskImage {
  trace.tell(`an image is made of ${machine.name}`);
  return { disk: hardware.image(), effects: events.effectsOn(machine.name) };
}

/** The machine starts anew over the image, and knows nothing of what came after it. */
export function putBack(
  { events, records, trace }: World,
  device: SimulatedDevice,
  { disk, effects }: DiskImage,
): void {
  const { machine } = device;
  trace.tell(`${machine.name} is put back to its image`);
  device.putBack(disk);
  events.forked(machine, effects);
  records.forked(machine, "put back");
}

/** A second machine runs over the image, beside the one that it was made of. */
export function startCopy(world: World, device: SimulatedDevice, { disk, effects }: DiskImage): void {
  const { events, records, trace, copies } = world;
  const copy = device.copied(disk, `${device.id}+${copies.length + 1}`);
  trace.tell(`${copy.machine.name} is a copy of ${device.machine.name}`);
  events.forked(copy.machine, effects);
  records.forked(copy.machine, "copied");
  copies.push(copy);
  void copy.start();
}
