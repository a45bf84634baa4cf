import { isDeepStrictEqual } from "node:util";
import { Observations, type Observed, type WindowWanted } from "@edgemere/protocol/policy";
import { Counter } from "../../platform/figures.ts";
import { askItself } from "../../platform/dispatch.ts";
import { device as deviceResource, type Device } from "../devices/contract.ts";
import { viewOf } from "../devices/selector-contract.ts";
import { latestValues } from "../telemetry-aggregator/contract.ts";
import { isAbout, isAsked, readyToAsk, type AdmissionPolicy } from "./admission-policy.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import { policy } from "./contract.ts";
import { noEvents, spansOf } from "./counted-events.ts";
import { Deadlines } from "./deadlines.ts";
import { readyForGroups, type GroupPolicy } from "./group-policy.ts";
import { memberSelectorOf } from "./group-members.ts";
import { GroupWatch } from "./group-watch.ts";
import { historyOf } from "./history.ts";
import { isPerGroup } from "./per.ts";
import { happenings } from "./tables.ts";
import { isOnDevice, readyToRun, watches, type WatchedPolicy } from "./watched-policy.ts";

/** What is known of a device that is watched. */
export interface Known extends Observed {
  row: Device;
  view: Observed["view"];
  /** The policies that watch it. */
  policies: readonly WatchedPolicy[];
  /** Policies of which it has an alert that is not over, or may have one. */
  readonly open: Set<string>;
  /** Number of the newest record of telemetry that was looked at. */
  looked: number;
  /** Of which policies it was looked at last. */
  of: Policies;
  /** How far back its events are counted, by their type. */
  spans: Policies["events"];
}
/** What groups know of a device. */
export type Seen = Pick<Known, "row" | "view" | "observations" | "events">;

/** All policies, made ready to run. */
interface Policies {
  readonly all: readonly WatchedPolicy[];
  /** Those that are asked before actions. */
  readonly asking: readonly AdmissionPolicy[];
  /** Of these, such as are asked before the action with this address. */
  readonly askedAbout: (path: string) => readonly AdmissionPolicy[];
  readonly byName: ReadonlyMap<string, WatchedPolicy>;
  /** Those that are about groups of devices, with all that is known of the groups. */
  readonly groups: GroupWatch;
  readonly metrics: ReadonlySet<string>;
  readonly windows: readonly WindowWanted[];
  /** Milliseconds that each event is counted back. */
  readonly events: ReadonlyMap<string, number>;
}

/**
 * What policies look at, as it is now: made of what is stored when it is asked for first, and kept up with what comes. All of it can be forgotten
 * at any time.
 */
export class Watch {
  #policies: Promise<Policies> | undefined;
  /** Those from before a policy was changed, until they are loaded anew. */
  #before: Promise<Policies> | undefined;
  #devices = new Map<string, Promise<Known | undefined>>();
  /** When devices will have been silent for too long. */
  readonly silence = new Deadlines();
  /** Whether every device has a deadline that has a policy about silence. */
  isSilenceKnown = false;
  /** Since when it watches; before that nobody could tell of anything. */
  #since: number | undefined;
  readonly evaluated = new Counter({ name: "edgemere_policy_evaluations", help: "Conditions that were evaluated" }, []);
  readonly asked = new Counter(
    { name: "edgemere_policy_parts", help: "Parts of conditions about groups that were evaluated on devices" },
    [],
  );
  readonly refused = new Counter(
    { name: "edgemere_policy_refusals", help: "Actions that policies refused, by reason" },
    ["reason"],
  );

  /** Devices that may have to be sent another pack, and up to which device all are to be looked at; undefined: they were. */
  readonly #packs = new Set<string>();
  packsLookedUpTo: string | undefined = "";

  lookAtPack(id: string): void {
    this.#packs.add(id);
  }

  /** Some of the devices that may have to be sent another pack. */
  takePacks(most: number): readonly string[] {
    const some = [...this.#packs].slice(0, most);
    for (const each of some) this.#packs.delete(each);
    return some;
  }

  policies(context: PoliciesContext): Promise<Policies> {
    return (this.#policies ??= this.#load(context).catch((error: unknown) => {
      this.#policies = undefined;
      throw error;
    }));
  }

  /** Since when there is nobody who did not look. */
  since(now: number): number {
    return (this.#since ??= now);
  }

  /** After a policy was changed: what it touches is made anew for what is looked at now, and the rest stays known. */
  forget(): void {
    this.#before = this.#policies ?? this.#before;
    this.#policies = undefined;
  }

  /** Of devices that nobody follows nothing may be known: they become something else unseen. */
  forgetDevices(): void {
    this.#devices = new Map();
  }

  forgetDevice(id: string): void {
    this.#devices.delete(id);
  }

  /** Undefined where there is no such device. */
  async known(id: string, context: PoliciesContext): Promise<Known | undefined> {
    const of = await this.policies(context);
    const looking = this.#devices.get(id) ?? this.#looking(id, context);
    const known = await looking;
    if (known === undefined) return undefined;
    // Meanwhile somebody else had to look anew.
    if (this.#devices.get(id) !== looking) return this.known(id, context);
    return known.of === of ? known : this.#watched(known, of, context);
  }

  /** Undefined as long as nobody has asked for it. */
  knownAlready(id: string): Promise<Known | undefined> | undefined {
    return this.#devices.get(id);
  }

  /** A device's row is another now. What is known of it then. */
  async changed(known: Known, row: Device, context: PoliciesContext): Promise<Known> {
    if (row.version <= known.row.version) return known;
    known.row = row;
    known.view = viewOf(row);
    return (await this.#watched(known, await this.policies(context), context)) ?? known;
  }

  /** Looked at by the policies that watch it now; made anew where they look at what is not known of it. */
  async #watched(known: Known, of: Policies, context: PoliciesContext): Promise<Known | undefined> {
    const { row, view, observations } = known;
    const spans = new Map([...known.spans].filter(([type, span]) => of.events.get(type) === span));
    known.of = of;
    known.spans = spans;
    known.policies = of.all.filter((each) => watches(each, row, view));
    const looking = [...known.policies, ...of.groups.policies.filter((each) => watches(each, row, view))];
    const isKnown = looking.every(
      ({ condition }) =>
        observations.holds(condition) && condition.events.every(({ type }) => spans.get(type) === of.events.get(type)),
    );
    return isKnown ? known : this.#looking(row.id, context);
  }

  #looking(id: string, context: PoliciesContext): Promise<Known | undefined> {
    const devices = this.#devices;
    const looking = this.#look(id, context).then(
      (found) => {
        if (found === undefined) devices.delete(id);
        return found;
      },
      (error: unknown) => {
        devices.delete(id);
        throw error;
      },
    );
    devices.set(id, looking);
    return looking;
  }

  async #load(context: PoliciesContext): Promise<Policies> {
    const { store, log, clock } = context;
    const past = this.#before;
    const before = await past?.catch(() => undefined);
    this.since(clock.now());
    const all: WatchedPolicy[] = [];
    const asking: AdmissionPolicy[] = [];
    const perGroup: GroupPolicy[] = [];
    for await (const row of store.scan(policy)) {
      if (row.state !== "enabled") continue;
      if (isAsked(row)) {
        asking.push(before?.asking.find((each) => isDeepStrictEqual(each.row, row)) ?? readyToAsk(row, log));
        continue;
      }
      if (isPerGroup(row)) {
        const selector = await memberSelectorOf(row, context);
        const known = before?.groups.byName.get(row.name);
        const isSame = isDeepStrictEqual(known?.row, row) && known?.memberSelector === selector;
        const ready = isSame ? known : readyForGroups(row, selector, log);
        if (ready !== undefined) perGroup.push(ready);
        continue;
      }
      const known = before?.byName.get(row.name);
      const ready = isDeepStrictEqual(known?.row, row) ? known : readyToRun(row, log);
      if (ready !== undefined) all.push(ready);
    }
    const looking = [...all, ...perGroup].map(({ condition }) => condition);
    const byPath = new Map<string, readonly AdmissionPolicy[]>();
    const metrics = new Set(looking.flatMap((each) => [...each.metrics]));
    const groups =
      before !== undefined && isSame(before.groups.policies, perGroup) ? before.groups : new GroupWatch(perGroup);
    const made = {
      all,
      asking,
      askedAbout: (path: string) => {
        const found = byPath.get(path) ?? asking.filter(({ row }) => isAbout(row.admission, path));
        byPath.set(path, found);
        return found;
      },
      byName: new Map(all.map((each) => [each.name, each])),
      groups,
      metrics,
      windows: looking.flatMap((each) => each.windows),
      events: spansOf(looking),
    };
    this.#touched(before, made);
    if (this.#before === past) this.#before = undefined;
    return made;
  }

  /** Forgets what is another by other policies, beside what is known of the devices that they watch. */
  #touched(before: Policies | undefined, now: Policies): void {
    // As long as nobody looks at a metric nobody takes in what is measured.
    if (now.metrics.size === 0) this.#devices = new Map();
    if (before === undefined || !isSame(silentOf(before), silentOf(now))) {
      this.silence.clear();
      this.isSilenceKnown = false;
    }
    if (before === undefined || !isSame(packedOf(before), packedOf(now))) this.packsLookedUpTo = "";
  }

  async #look(id: string, context: PoliciesContext): Promise<Known | undefined> {
    const { store } = context;
    const of = await this.policies(context);
    const { all, groups, metrics, windows, events } = of;
    const row = await store.get(deviceResource, id);
    if (row === undefined) return undefined;
    const view = viewOf(row);
    const policies = all.filter((each) => watches(each, row, view));
    const looking = [...policies, ...groups.policies.filter((each) => watches(each, row, view))];
    const isMeasured = looking.some(({ condition }) => condition.metrics.size > 0);
    const observations = isMeasured ? new Observations(metrics, windows) : new Observations([], []);
    if (isMeasured) await remember(observations, id, { metrics, windows }, context);
    const counted = noEvents(events);
    if (events.size > 0)
      for await (const { type, number, at } of store.scan(happenings, { index: "device", prefix: [id] }))
        counted.get(type)?.set(number, at);
    const open = new Set<string>();
    for await (const each of store.scan(alert, { index: "open", prefix: [id] })) open.add(each.policy);
    return { row, view, policies, observations, events: counted, open, looked: 0, of, spans: events };
  }
}

const isSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((each, place) => each === others[place]);

/** Those that tell of devices that are silent. */
const silentOf = ({ all }: Policies) => all.filter(({ noData }) => noData !== undefined);

/** Those that have a say in what devices do by themselves. */
function packedOf({ all, asking }: Policies): readonly unknown[] {
  const onDevice = all.filter(({ row }) => isOnDevice(row));
  return onDevice.length === 0 ? [] : [...onDevice, ...asking];
}

/** Takes in what is stored of a device: its newest values, and what lies in windows. */
async function remember(
  observations: Observations,
  device: string,
  { metrics, windows }: Pick<Policies, "metrics" | "windows">,
  context: PoliciesContext,
): Promise<void> {
  const now = context.clock.now();
  const latest = await askItself(latestValues, { device }, context);
  const looked = new Set(windows.map(({ metric }) => metric));
  for (const { metric, instance, at, value } of latest.values)
    if (metrics.has(metric)) observations.remember({ metric, instance, at, value });
  if (looked.size === 0) return;
  const from = now - Math.max(...windows.map(({ span }) => span));
  const series = await historyOf({ device, metrics: looked, from }, context);
  for (const { metric, instance, at, value } of series) observations.recall({ metric, instance, at, value });
}
