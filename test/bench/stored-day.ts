import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCore, features, levelDatabase, SeriesLists, type AppContext, type Core } from "@edgemere/control-plane";
import { inColumns, pack, privateKeyFromSeed, type Packet } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, silentLog } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { diskUse } from "../faults/peaks.ts";
import { ClassicLevel } from "classic-level";
import { deviceRow, nameOf } from "./device-rows.ts";
import { samplesFrom, type Recording } from "./recording.ts";

/** For how long how many devices report what; milliseconds. */
export interface Plan {
  readonly devices: number;
  readonly lasts: number;
  readonly sampleEvery: number;
  readonly reportEvery: number;
}

/** A store in which devices have reported for a while, and everything is where it stays. */
export interface StoredDay extends AsyncDisposable {
  readonly core: Core<AppContext>;
  readonly start: number;
  readonly samples: number;
  readonly reports: number;
  /** Milliseconds of all threads from the arrival of a message to its place in a chunk, without its making. */
  readonly cpu: number;
  /** What was merged into chunks holds so many bytes. */
  readonly chunks: number;
  /** Closes it, lets LevelDB clear away what it does not need as it does in time by itself, and gives the MiB that its files take. */
  readonly closedMebibytes: () => Promise<number>;
}

interface Parts {
  readonly folder: string;
  readonly plan: Plan;
  readonly source: Recording;
  /** With windows of minutes and hours, as it is shipped. */
  readonly hasWindows: boolean;
  readonly onHour?: (hour: number) => void;
}

// Where devices are in the recording, so that no two say the same.
const APART = 29;
const START = 1_767_225_600_000;
const key = { keyId: "bench", privateKey: privateKeyFromSeed(new Uint8Array(32)) };

/** What one of the devices reports. */
export const dayReport = ({ plan, source }: Pick<Parts, "plan" | "source">, place: number, report: number) => {
  const rows = plan.reportEvery / plan.sampleEvery;
  const baseMs = START + report * plan.reportEvery;
  return samplesFrom(source, { first: report * rows + place * APART, rows, every: plan.sampleEvery, baseMs });
};

export async function storedDay({ folder, plan, source, hasWindows, onHour }: Parts): Promise<StoredDay> {
  const clock = new ManualClock(START);
  const store = join(folder, "store");
  const windows = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY };
  const core = await createCore<AppContext>({
    database: await levelDatabase(store),
    clock,
    random: seededRandom(1),
    log: silentLog,
    features: features.filter((feature) => feature.name === "telemetry-aggregator"),
    context: {
      telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists(), ...(hasWindows && { windows }) },
    } as never,
    signer: { keysFor: () => [key], keyringVersion: 1, keyringsAfter: () => [] },
  });
  core.link.attach({ send: () => Promise.resolve(), disconnect: () => undefined });
  core.start();
  await core.store.commit(...Array.from({ length: plan.devices }, (_, device) => deviceRow(device)));

  let making = 0;
  const before = used();
  const reports = plan.lasts / plan.reportEvery;
  for (let report = 0; report < reports; report++) {
    await clock.advance(plan.reportEvery);
    const from = used();
    const packets = Array.from({ length: plan.devices }, (_, place) => packetOf({ plan, source }, place, report));
    making += used() - from;
    await Promise.all(
      packets.map(({ topic, payload }, place) => core.link.arrived(nameOf(place), topic, payload, "192.0.2.1")),
    );
    if (((report + 1) * plan.reportEvery) % HOUR === 0) onHour?.(((report + 1) * plan.reportEvery) / HOUR);
  }
  await clock.advance(HOUR + 10 * MINUTE);
  const chunks = await merged(core, clock);
  return {
    core,
    start: START,
    samples: (plan.devices * plan.lasts * source.series.length) / plan.sampleEvery,
    reports: reports * plan.devices,
    cpu: used() - before - making,
    chunks,
    closedMebibytes: async () => {
      await core[Symbol.asyncDispose]();
      const level = new ClassicLevel(store, { blockSize: 16 * 1_024 });
      await level.open();
      await level.compactRange("", "\uffff");
      await level.close();
      return diskUse(store);
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function packetOf(parts: Pick<Parts, "plan" | "source">, place: number, report: number): Packet {
  const telemetry = dayReport(parts, place, report);
  const { records, schemas } = inColumns([{ sequence: report + 1, atMs: telemetry.baseMs, telemetry }]);
  // A device tells its schema once in a session.
  const batch = { records, ...(report === 0 && { schemas }), firstUnacknowledged: report + 1, sessionEpoch: 1 };
  return pack("telemetry", { device: nameOf(place) }, batch);
}

/** Until every hour that is over lies in chunks and in windows; gives the bytes of the chunks. */
async function merged(core: Core<AppContext>, clock: ManualClock): Promise<number> {
  for (let before = -1, now = 0, waiting = 1; ;) {
    await clock.advance(MINUTE);
    core.kick();
    await sleep(500);
    before = now;
    now = await chunkBytes(core);
    waiting = 0;
    for (const name of ["telemetrydirty", "telemetryunderway"])
      waiting += await core.store.count({ name, indexes: {} });
    if (now === before && waiting === 0) return now;
  }
}

async function chunkBytes({ store }: Core<AppContext>): Promise<number> {
  let bytes = 0;
  for await (const [, value] of store.bytesBetween({ gte: "stelemetrychunk\u0000", lt: "stelemetrychunk\u0000\uffff" }))
    bytes += value.length;
  return bytes;
}
