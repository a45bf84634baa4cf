import type { AgentConfig } from "@edgemere/agent";
import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { enrolled } from "./enrolment.ts";
import { FleetBooks } from "./fleet-books.ts";
import { untilIdle } from "./idle.ts";
import { Network } from "./network.ts";
import { SimulatedControlPlane } from "./simulated-control-plane.ts";
import { SimulatedDevice } from "./simulated-device.ts";
import { Trace } from "./trace.ts";
import { calm } from "./weather.ts";

export interface FleetOptions {
  readonly devices: number;
  readonly hours: number;
  readonly seed: number;
  /** Called after every simulated hour. */
  readonly onHour?: (hour: number) => void;
}

/** The sum of everything that became of a fleet's records and commands. */
export interface FleetSums {
  /** Numbers that devices gave to records, all streams together. */
  readonly produced: number;
  readonly stored: number;
  /** Numbers that gaps stand for. */
  readonly explained: number;
  /** Still on their devices' disks. */
  readonly waiting: number;
  /** A device was told that they are stored, and they are not. */
  readonly lost: number;
  readonly commands: number;
  readonly ended: number;
  readonly effects: number;
  readonly effectsTwice: number;
  readonly deaths: number;
  readonly outages: number;
}

/** Events of one hour in a fleet of a thousand. */
const DEATHS = 4;
const RESETS = 6;
const CUTS = 3;
const COMMANDS = 8;
const CONTROL_PLANE_DIES_EVERY = 7 * 24;
/** One device in twenty is away for three days. */
const AWAY_SHARE = 0.05;
const AWAY_FOR = 72 * HOUR;
/**
 * Looks that repeat are made at whole multiples of this: a machine that saves power puts its timers off so. It bounds how
 * fast a month goes by, for a thousand idle agents look around 600 times a second otherwise.
 */
const TIMER_SLACK = HOUR;
const SETTLES_WITHIN = 3 * HOUR;
const SPOOL_BYTES = 10 * 1024 ** 2;

/** Hours of a fleet's life with real cores: what dies comes back, what is cut off is mended, and in the end all is counted. */
export async function simulateFleet({ devices: count, hours, seed, onHour }: FleetOptions): Promise<FleetSums> {
  const clock = new ManualClock(undefined, untilIdle);
  const random = seededRandom(seed);
  const upTo = (limit: number) => Math.floor(random.next() * limit);
  const trace = new Trace(clock);
  const books = new FleetBooks();
  const connected = () => {};
  const published = books.published.bind(books);
  const network = new Network({ clock, random, trace, weather: calm, connected, published, willsLie: false });
  const shared = { clock, random, trace, network };
  const controlPlane = new SimulatedControlPlane({
    ...shared,
    unsavedBatches: 0,
    isWhole: false,
    watch: books,
    timerSlack: TIMER_SLACK,
  });
  void controlPlane.start();
  await clock.advance(SECOND);

  const sensor = { watch: books, readings: [{ metric: "room.temperature_celsius", instance: "", value: 21 }] };
  const devices: SimulatedDevice[] = [];
  for (let number = 1; number <= count; number++) {
    const enrolment = enrolled(`device-${number}`, controlPlane);
    await clock.advance(100);
    const time = { offset: upTo(10 * SECOND), rate: 1, timerSlack: TIMER_SLACK };
    devices.push(
      new SimulatedDevice({ ...shared, ...sensor, identity: await enrolment, config: configOf(random.next()), time }),
    );
  }
  for (const device of devices) void device.start();

  const any = () => devices[upTo(devices.length)] as SimulatedDevice;
  const share = devices.length / 1_000;
  const times = (perThousand: number) => Math.floor(perThousand * share + random.next());
  const later = (ms: number, happen: () => void) => void clock.sleep(ms).then(happen);
  let [deaths, outages] = [0, 0];
  const cut = (device: SimulatedDevice, ms: number) => {
    outages += 1;
    network.cut(device.id, "both");
    later(ms, () => network.heal(device.id));
  };
  const awayFor = Math.min(AWAY_FOR, (hours * HOUR) / 2);
  for (let i = 0; i < AWAY_SHARE * devices.length; i++) later(upTo(hours * HOUR - awayFor), () => cut(any(), awayFor));

  for (let hour = 0; hour < hours; hour++) {
    for (let i = times(DEATHS); i > 0; i--)
      later(upTo(HOUR), () => {
        const device = any();
        deaths += 1;
        device.kill(random.next() < 0.5 ? "power" : "killed");
        later(upTo(MINUTE), () => void device.start());
      });
    for (let i = times(RESETS); i > 0; i--) later(upTo(HOUR), () => network.reset(any().id));
    for (let i = times(CUTS); i > 0; i--) later(upTo(HOUR), () => cut(any(), upTo(3 * HOUR)));
    for (let i = times(COMMANDS); i > 0; i--)
      later(upTo(HOUR), () => void controlPlane.ask("cpl/dm/job/create", books.task(any().id, random.next() < 0.5)));
    if (hour % CONTROL_PLANE_DIES_EVERY === 12) {
      controlPlane.kill();
      later(upTo(MINUTE), () => void controlPlane.start());
    }
    await clock.advance(HOUR);
    if (trace.violation !== undefined) throw new Error(trace.violation.what);
    onHour?.(hour);
  }

  for (const { id } of devices) network.heal(id);
  const until = clock.monotonic() + SETTLES_WITHIN;
  const isAtRest = () => devices.every((each) => each.status()?.isConnected && each.status()?.unacknowledged === 0);
  while (!(isAtRest() && books.openCommands === 0) && clock.monotonic() < until) {
    for (const device of devices) void device.start();
    await clock.advance(MINUTE);
  }
  // In its last hello each says how far it is.
  for (const { id } of devices) network.reset(id);
  await clock.advance(3 * TIMER_SLACK);
  return { ...books.sums(), deaths, outages };
}

/** A report every hour and a half; of some devices every half or every quarter of an hour. */
function configOf(luck: number): AgentConfig {
  const every = (luck < 0.02 ? 15 : luck < 0.05 ? 30 : 90) * MINUTE;
  return {
    sampleEvery: every,
    reportEvery: every,
    inventoryEvery: 30 * 24 * HOUR,
    sources: [],
    dataEvery: HOUR,
    allow: ["exec"],
    spool: { maxBytes: SPOOL_BYTES },
  };
}
