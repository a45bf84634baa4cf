import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { auditTrail } from "./audit-trail.ts";
import { Faults } from "./faults.ts";
import { Operator } from "./operator.ts";
import { profileOf, type Profile } from "./profiles.ts";
import type { PlantedBugs } from "./planted-bugs.ts";
import { auditWindows } from "./windows.ts";
import { startWorld, type World } from "./world.ts";
import { Work } from "./work.ts";

export interface Run {
  readonly seed: number;
  readonly profile: string;
  readonly fingerprint: string;
  readonly events: number;
  readonly simulatedMs: number;
  readonly records: number;
  readonly gaps: number;
  /** Samples that windows were compared with. */
  readonly samples: number;
  readonly commands: Readonly<Record<string, number>>;
}

/** A run went wrong: what, and what led to it. */
export class SeedFailed extends Error {
  readonly seed: number;
  /** What must never happen and did. */
  readonly violation: string;
  constructor(seed: number, profile: Profile, { what, before }: { what: string; before: readonly string[] }) {
    super(
      `seed ${seed} ("${profile.name}"): ${what}\n` +
        `the last ${before.length} events:\n  ${before.join("\n  ")}\n` +
        `replay it with EDGEMERE_SEED=${seed}, and keep it in test/seeds.json`,
    );
    this.name = "SeedFailed";
    this.seed = seed;
    this.violation = what;
  }
}

const STEPS = 10;
const LONGEST_STEP = 5 * SECOND;
/** Looks in a row at which all must be at rest: presence takes longer than an acknowledgement. */
const CALM_LOOKS = 3;
/** Backoff, deadlines and late wills are over by then. */
const SETTLES_WITHIN = 15 * MINUTE;

/** One and a half times the longest keepalive, the time for a will, and the second look. */
const ABSENCE_SEEN_WITHIN = 5 * MINUTE;

/** Minutes of a small world's troubles, and then peace. Throws SeedFailed. */
export async function runSeed(seed: number, bugs: PlantedBugs = {}): Promise<Run> {
  const profile = profileOf(seed);
  const world = await startWorld(seed, profile, bugs);
  const { clock, random, trace } = world;
  const check = () => {
    if (trace.violation !== undefined) throw new SeedFailed(seed, profile, trace.violation);
  };
  const operator = new Operator(world);
  const faults = new Faults(world, operator);
  const work = new Work(world);
  for (let step = 0; step < STEPS; step++) {
    await clock.advance(Math.floor(random.next() * LONGEST_STEP));
    if (random.next() < 0.8) work.give();
    faults.revive();
    if (random.next() < 0.6) faults.strike();
    if (random.next() < 0.1) operator.look();
    check();
  }
  await settle(world, faults, operator);
  check();
  await close(world);
  check();
  if (world.mix.endsWithAnAbsence) await takeOneAway(world);
  check();
  return {
    seed,
    profile: profile.name,
    fingerprint: trace.fingerprint(),
    events: trace.events,
    simulatedMs: clock.monotonic(),
    records: world.records.storedRecords,
    gaps: world.records.explainedGaps,
    samples: world.samples,
    commands: world.events.ends(),
  };
}

/** No more faults: everything comes up, and what is under way comes to its end. */
async function settle(world: World, faults: Faults, operator: Operator): Promise<void> {
  const { clock, random, trace, controlPlane, devices, events } = world;
  const unsettled = () => {
    if (!controlPlane.isUp) return "the control plane is down";
    const loose = devices
      .filter(({ id }) => !events.isRetired(id))
      .find((device) => !isAtRest(device.status()) || !events.isSeenAs(device.id, "online"));
    if (loose)
      return `${loose.id} is not at rest: ${events.presenceOf(loose.id) ?? "unknown"}, ${JSON.stringify(loose.status())}`;
    // A device may not have noticed yet that the control plane it was connected to is gone.
    const unheard = devices.find(({ id }) => !events.isRetired(id) && !controlPlane.core?.link.session(id));
    if (unheard) return `${unheard.id} has no session`;
    return events.openCommands.length > 0 ? `commands are open: ${events.openCommands.join(", ")}` : operator.task;
  };
  const until = clock.monotonic() + SETTLES_WITHIN;
  for (let calm = 0; calm < CALM_LOOKS && trace.violation === undefined;) {
    // Who was stopping when the faults ended must be started once more.
    faults.end();
    operator.look();
    // Not in step with the devices, which would be seen in the same moment of their round each time.
    await clock.advance(Math.floor((2 + 2 * random.next()) * SECOND));
    const rest = unsettled();
    calm = rest === undefined ? calm + 1 : 0;
    if (rest !== undefined && clock.monotonic() >= until) trace.wrong(rest);
  }
}

const isAtRest = (status: { isConnected: boolean; unacknowledged: number; openCommands: number } | undefined) =>
  status !== undefined && status.isConnected && status.unacknowledged === 0 && status.openCommands === 0;

async function close(world: World): Promise<void> {
  const { records, events, controlPlane, devices, trace } = world;
  events.close();
  records.audit(controlPlane.database);
  await auditTrail(world);
  for (const { id, machine } of devices) {
    if (events.isRetired(id)) continue;
    records.close(machine, events.wasInQuarantine(id));
    if (!events.isSeenAs(id, "online")) trace.wrong(`${id} is connected and ${events.presenceOf(id) ?? "unknown"}`);
  }
  // Last: it lets time go by, in which devices measure on and are at rest no more.
  await auditWindows(world);
}

/** One device is switched off, and that is seen within a bound. */
async function takeOneAway({ devices, events, clock, trace }: World): Promise<void> {
  const gone = devices.find(({ id }) => !events.isRetired(id));
  gone?.kill("power");
  await clock.advance(ABSENCE_SEEN_WITHIN);
  if (gone && !events.isSeenAs(gone.id, "offline"))
    trace.wrong(`${gone.id} is switched off and ${events.presenceOf(gone.id) ?? "unknown"}`);
}
