import type { AgentConfig } from "@edgemere/agent";
import { HOUR, type Random } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { enrolled } from "./enrolment.ts";
import { EventLedger } from "./event-ledger.ts";
import { untilIdle } from "./idle.ts";
import { drawClock, drawMix, type Mix } from "./mix.ts";
import { Network } from "./network.ts";
import type { PlantedBugs } from "./planted-bugs.ts";
import type { Profile } from "./profiles.ts";
import { RecordLedger } from "./record-ledger.ts";
import { watchControlPlane } from "./recorder.ts";
import { SimulatedControlPlane } from "./simulated-control-plane.ts";
import { DIRECTORY, SimulatedDevice, type DeviceWatch, type Machine } from "./simulated-device.ts";
import { Trace } from "./trace.ts";

const KIBIBYTE = 1024;
const MOST_JOURNAL = 1024 * KIBIBYTE;

/** A control plane, devices and the network between them: real cores, and nothing else that is real. */
export interface World {
  readonly mix: Mix;
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  readonly records: RecordLedger;
  readonly events: EventLedger;
  readonly controlPlane: SimulatedControlPlane;
  readonly devices: readonly SimulatedDevice[];
  /** Machines that were made from images of devices' disks, and say to be these devices. */
  readonly copies: SimulatedDevice[];
  /** Samples that were counted in the end, where windows are made. */
  samples: number;
}

/** Everything up and every device enrolled. */
export async function startWorld(seed: number, profile: Profile, bugs: PlantedBugs = {}): Promise<World> {
  const clock = new ManualClock(undefined, untilIdle);
  const random = seededRandom(seed);
  const trace = new Trace(clock);
  const records = new RecordLedger(trace, clock);
  const mix = drawMix(seed, profile, random);
  const devices: SimulatedDevice[] = [];
  const copies: SimulatedDevice[] = [];
  const hardwareOf = (name: string) => [...devices, ...copies].find(({ machine }) => machine.name === name)?.hardware;
  const events = new EventLedger(trace, (id) => hardwareOf(id)?.wasDamaged ?? false);
  const mayRepeat = (id: string) => hardwareOf(id)?.wasInTrouble ?? false;
  const network = new Network({
    clock,
    random,
    trace,
    weather: mix.weather,
    connected: (device, epoch) => events.connected(device, epoch, mayRepeat(device)),
    published: (machine, packet) => records.published(machine, packet),
    willsLie: bugs.willsLie ?? false,
  });
  const shared = { mix, clock, random, trace, network, records, events };
  const { unsavedBatches = 0, restoresInPlace = false, wear, altered = (feature) => feature } = bugs;
  const { isWholeControlPlane: isWhole, windowsEvery } = mix;
  const controlPlane = new SimulatedControlPlane({
    ...shared,
    unsavedBatches,
    restoresInPlace,
    isWhole,
    windowsEvery,
    altered,
    watch: watchControlPlane(records, events),
  });
  void controlPlane.start();
  await clock.advance(100);

  const config = configOf(mix);
  const keepsToItsRoom = ({ name }: Machine) => {
    const disk = hardwareOf(name)?.disk;
    for (const [folder, most] of [
      ["spool", mix.spoolBytes + 4 * KIBIBYTE],
      ["commands", MOST_JOURNAL],
    ] as const)
      if ((disk?.bytesBelow(folder) ?? 0) > most) trace.wrong(`${name} keeps more than ${most} bytes below ${folder}`);
  };
  const watch: DeviceWatch = {
    found: (machine, disk) => records.found(machine, disk),
    mended: (machine) => records.mended(machine),
    synced: (machine, path, bytes) => {
      records.synced(machine, path, bytes);
      keepsToItsRoom(machine);
    },
    changed: (machine, path, content) => {
      records.changed(machine, path, content);
      keepsToItsRoom(machine);
    },
    effect: (machine, name) => events.effect(machine, name),
  };
  const count = 1 + Math.floor(random.next() * random.next() * 4);
  for (let number = 1; number <= count; number++) {
    const enrolment = enrolled(`device-${number}`, controlPlane);
    await clock.advance(200);
    const identity = await enrolment;
    const time = drawClock(profile, clock.now(), random);
    devices.push(new SimulatedDevice({ ...shared, identity, config, watch, time, ...(wear && { wear: wear() }) }));
  }
  for (const device of devices) void device.start();
  return { ...shared, controlPlane, devices, copies, samples: 0 };
}

const configOf = ({ sampleEvery, reportEvery, dataEvery, spoolBytes }: Mix): AgentConfig => ({
  sampleEvery,
  reportEvery,
  inventoryEvery: HOUR,
  sources: [{ name: "data", path: DIRECTORY }],
  dataEvery,
  allow: ["exec"],
  spool: { maxBytes: spoolBytes },
});
