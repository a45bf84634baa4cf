import { DAY, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { updated } from "../platform/change.ts";
import { signer, startTestCore, type CoreContext, type TestCore } from "../platform/core.test-support.ts";
import { memoryDatabase, type Database } from "../platform/database.ts";
import { feature } from "../platform/feature.ts";
import { aDevice } from "./device.test-support.ts";
import { dataCatalogue } from "./data-catalogue/index.ts";
import { dataOrchestrator } from "./data-orchestrator/index.ts";
import { device, type Device } from "./devices/contract.ts";
import { realm } from "./devices/selector-contract.ts";
import { files, type FilesContext } from "./files/index.ts";
import { jobs, type JobsContext } from "./jobs/index.ts";
import { notifierWith, Outside } from "./notifier.test-support.ts";
import { notifier, type NotifierContext, type Roads } from "./notifier/index.ts";
import { SeriesLists, telemetryAggregator, type TelemetryContext } from "./telemetry-aggregator/index.ts";
import * as contract from "./policies/contract.ts";
import { policies, Watch, type PoliciesContext } from "./policies/index.ts";

type Context = CoreContext & TelemetryContext & JobsContext & FilesContext & PoliciesContext & NotifierContext;
export type World = TestCore<Context> & { readonly watch: Watch };

const fleet = feature<Context>({ name: "fleet", resources: [device], realm, actions: [] });

export const BEGIN = 20_000 * DAY;

/** A core with telemetry, jobs, data and policies, where somebody outside is told with a notifier, and two devices: d1 in Berlin, d2 in Oslo. Where a database has them already they are its own. */
export async function startWorld({
  database = memoryDatabase(),
  at = BEGIN,
  outside,
  accountOf = async () => undefined,
}: Pick<PoliciesContext, "accountOf"> & {
  readonly database?: Database;
  readonly at?: number;
  readonly outside?: Roads;
} = {}): Promise<World> {
  const watch = new Watch();
  const core = await startTestCore<Context>({
    features: [
      fleet,
      telemetryAggregator,
      jobs,
      files,
      dataCatalogue,
      dataOrchestrator,
      policies,
      ...(outside ? [notifier] : []),
    ],
    context: {
      telemetry: { retention: 7 * DAY, seriesLists: new SeriesLists() },
      watch,
      notifier: notifierWith(outside ?? new Outside()),
      files: { room: 1024 ** 3, keep: DAY },
      accountOf,
      signer,
      authority: { trustDomain: "fleet.test" },
      // One person looks after everything.
      approvers: { rule: "auto", hasOther: async () => false, isActive: async () => true },
    },
    clock: new ManualClock(at),
    database,
  });
  const world = { ...core, watch };
  if ((await world.store.get(device, "d1")) === undefined)
    await world.store.commit(
      aDevice("d1", { labels: { site: "berlin" } }),
      aDevice("d2", { labels: { site: "oslo" } }),
    );
  await world.advance(2 * SECOND);
  return world;
}

/** A device reports a value of its processor, measured now. */
export const busy = (world: World, id: string, value: number): Promise<void> =>
  measured(world, id, { "cpu.busy_percent": value });

/** A device reports values, measured now. */
export const measured = (world: World, id: string, values: Readonly<Record<string, number>>): Promise<void> =>
  world.report(id, "telemetry", {
    telemetry: {
      baseMs: world.clock.now(),
      offsetMs: [0],
      series: Object.entries(values).map(([metric, value]) => ({ metric, instance: "", values: [value] })),
    },
  });

type News = (typeof device)["news"][number];

/** A device is another now. */
export const became = (world: World, id: string, patch: Partial<Pick<Device, "presence" | "labels">>): Promise<void> =>
  changed(world, id, patch);

/** There is news of a device. */
export const happened = (world: World, id: string, news: News): Promise<void> => changed(world, id, {}, news);

async function changed(world: World, id: string, patch: Partial<Device>, ...news: readonly News[]): Promise<void> {
  const row = await world.store.get(device, id);
  if (row === undefined) throw new Error(`there is no device ${id}`);
  await world.store.commit(updated(device, row, patch, ...news));
  await world.advance(2 * SECOND);
}

/** The state of the alert of a policy on a device; "none" where there is none. */
export const stateOf = async (world: World, policy: string, id: string): Promise<string> =>
  (await world.store.get(contract.alert, contract.alertId(policy, id)))?.state ?? "none";

/** What was told of alerts: their states in the order in which they had them. */
export const told = async (world: World, after = 0): Promise<readonly string[]> =>
  (await world.eventTypes(after)).filter((type) => type.startsWith("alert.") && type !== "alert.updated");
