import { join } from "node:path";
import { nodeDisk, type Clock, type Log, type Random } from "@edgemere/protocol/kit";
import { certificateNames, type ControlPlaneConfig } from "./config.ts";
import { createCore, type Core } from "./core.ts";
import { declaredPolicy } from "./features/data-orchestrator/index.ts";
import { admissions, admitEdgeNode, idsOfDevices } from "./features/devices/index.ts";
import { accountOf, approvers, authenticate, createPasswords, ensureSetupCode } from "./features/identity/index.ts";
import { Tally as NoticeTally } from "./features/notifier/index.ts";
import { Tally } from "./features/outlets/index.ts";
import { alertsBegun, placementBy, Watch } from "./features/policies/index.ts";
import { readArrivals } from "./features/telemetry-aggregator/contract.ts";
import { ChainedArrivals, Landings, SeriesLists } from "./features/telemetry-aggregator/index.ts";
import { TerminalGateway } from "./features/terminals/index.ts";
import { features, type AppContext } from "./app-features.ts";
import { openAuditing } from "./auditing.ts";
import { createKeeping } from "./keeping.ts";
import { openAuthority } from "./link/authority.ts";
import { watchEventLoop } from "./event-loop.ts";
import { startListeners, type DeviceAddresses } from "./listeners.ts";
import { Opened } from "./opened.ts";
import { itself, type Caller } from "./platform/caller.ts";
import { ask } from "./platform/dispatch.ts";
import { Counter } from "./platform/figures.ts";
import type { Health } from "./platform/health.ts";
import { notifierRoads } from "./notifier-roads.ts";
import { objectStoresAt } from "./object-stores.ts";
import { openVault } from "./platform/vault.ts";
import { outletTargets } from "./outlet-targets.ts";
import { processFigures } from "./process-figures.ts";
import { clearBrokenRestore, refuseHalfRestored, rememberGeneration } from "./restore.ts";
import { singleSignOnAt } from "./single-sign-on.ts";
import { openStorage } from "./storage.ts";

export { Landings, SeriesLists, StoredChunk } from "./features/telemetry-aggregator/index.ts";
export { Tally, TerminalGateway, Watch };

/** Less than a round trip of a mobile network; a sync takes about a tenth of it. */
const GATHER_FOR = 20;

interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  /** Where the built portal lies. */
  readonly portalFolder: string;
}

export interface App extends AsyncDisposable {
  readonly core: Core<AppContext>;
  readonly ports: Readonly<Record<"portal" | "mqtt" | "deviceApi" | "subscribers", number>> & {
    /** Absent where it is closed. */
    readonly sparkplug?: number;
    readonly metrics?: number;
  };
  /** `http://host:port`, where REST, WebSocket and portal are. */
  readonly address: string;
  /** The root certificate, PEM: what subscribers must trust. */
  readonly root: string;
  /** Makes the first account; undefined once there is one. */
  readonly setupCode: string | undefined;
  /** Resolves with the reason when it cannot go on. */
  readonly failed: Promise<unknown>;
}

/** Puts everything together: the only place that knows features, faces, link and store at once. */
export async function startApp(config: ControlPlaneConfig, surroundings: Surroundings): Promise<App> {
  const opened = new Opened();
  try {
    return await start(config, surroundings, opened);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function start(config: ControlPlaneConfig, surroundings: Surroundings, opened: Opened): Promise<App> {
  const { clock, random, log, version } = surroundings;
  await refuseHalfRestored(config.dataFolder);
  // Before anything is written: on a full disk the ballast must go first.
  const storage = await opened.add(openStorage(config, surroundings));
  const { guard, database } = storage;
  await clearBrokenRestore(config.dataFolder);
  const resources = features.flatMap((each) => each.resources);
  const authority = await openAuthority({
    disk: nodeDisk(config.dataFolder),
    clock,
    random,
    deviceLife: config.certificateLife,
    ...certificateNames(config),
  });
  const {
    operations: keeping,
    backups,
    failed,
  } = await createKeeping({
    ...surroundings,
    config,
    storage,
    resources,
    head: () => ({ generation: core.generation, trustDomain: authority.trustDomain, version }),
    recover: () => core.recover(),
  });
  const auditing = await openAuditing(config, { key: authority.auditKey, resources, version });
  await opened.add(Promise.resolve({ [Symbol.asyncDispose]: () => auditing.copy.close() }));
  // Ports are known when they are bound.
  const addresses: DeviceAddresses = { deviceApi: "", mqtt: [] };
  const targets = outletTargets(config.outlets, config.parent, clock);
  const roads = notifierRoads(config.notifier, clock);
  const objectStores = objectStoresAt(config.outlets.objectStores, { clock, sealing: authority.sealing });
  const isSentOn = targets.all.length > 0 || config.outlets.isToldToSubscribers;
  const refusals = new Counter(
    {
      name: "edgemere_refused_requests",
      help: "What people, programs and devices asked for and did not get, by reason",
    },
    ["listener", "reason"],
  );
  const landings = new Landings(String(clock.now()));
  const chainedArrivals = config.outlets.isToldToSubscribers ? new ChainedArrivals() : undefined;
  const watch = new Watch();
  const context = {
    authority,
    doors: refusals,
    addresses,
    version,
    passwords: createPasswords(random),
    origins: config.origins,
    singleSignOn: config.people.singleSignOn && singleSignOnAt(config.people.singleSignOn, log),
    signer: authority.keys.signer,
    keys: authority.keys,
    approvers: { ...approvers, rule: config.people.approval },
    telemetry: {
      retention: config.history,
      seriesLists: new SeriesLists(),
      landings,
      chainedArrivals,
      fleet: config.outlets.fleet,
      ...(config.windows && { windows: config.windows }),
      ...(isSentOn && { arrivals: config.history }),
      chain: { origin: authority.trustDomain, parent: targets.parent, childRoom: config.childRoom },
    },
    outlets: {
      targets: targets.all,
      metrics: config.outlets.sent,
      labels: config.outlets.fleet.labels,
      tally: new Tally(),
    },
    objectStores,
    watch,
    placementPolicy: placementBy(watch, declaredPolicy),
    alertsOf: alertsBegun,
    accountOf,
    notifier: {
      ...config.notifier,
      roads,
      sealing: authority.sealing,
      trustDomain: authority.trustDomain,
      tally: new NoticeTally(),
    },
    vault: await openVault({ disk: nodeDisk(config.dataFolder), random }),
    terminals: new TerminalGateway({ clock, log }),
    files: config.files,
    retention: config.retention,
    dangerousCaps: config.dangerousCaps,
    operations: keeping,
    auditing,
  };
  const eventLoop = watchEventLoop(clock);
  await opened.add(Promise.resolve({ [Symbol.asyncDispose]: async () => eventLoop[Symbol.dispose]() }));
  const responses = new Counter({ name: "edgemere_http_responses", help: "Answers over HTTP, by status" }, [
    "listener",
    "code",
  ]);
  const startedAt = clock.now();
  const checks = [eventLoop.check, auditing.check];
  const health = (): Health => core.health(...checks);
  const storeFolder = join(config.dataFolder, "store");
  const core = await opened.add(
    createCore<AppContext>({
      signer: authority.keys.signer,
      database,
      clock,
      random,
      log,
      features,
      context,
      stepUpAfter: config.people.stepUpAfter,
      eventsKeptFor: config.retention.events,
      gatherFor: GATHER_FOR,
      brokerAddresses: () => addresses.mqtt,
      auditHead: () => auditing.copy.newestHead,
      isReadOnly: () => guard.isReadOnly,
      damaged: () => database.damaged.size,
      figures: async () => [
        responses.figure(),
        refusals.figure(),
        ...(await processFigures({ version, startedAt, eventLoop, health, storeFolder })),
      ],
    }),
  );
  await rememberGeneration(config.dataFolder, core.generation);
  // Before the core ends it waits for its loops, and they for a backup or a request under way.
  await opened.add(Promise.resolve(backups));
  await opened.add(Promise.resolve(targets));
  await opened.add(Promise.resolve(roads));
  await opened.add(Promise.resolve(objectStores));
  const { store } = core;
  const admission = await opened.add(Promise.resolve(admissions({ store, clock, log })));
  const listening = await startListeners(
    {
      ...surroundings,
      ...core,
      config,
      authority,
      authenticate: authenticate(store, clock),
      admit: admission.admit,
      admitEdgeNode: admitEdgeNode({ store, clock }),
      isTakingRecords: () => !guard.isReadOnly && !store.isBroken,
      devices: () => idsOfDevices(store),
      actions: features.flatMap((each) => each.actions.map(({ action }) => action)),
      resources,
      origins: config.origins,
      responses,
      refusals,
      arrivals: config.outlets.isToldToSubscribers
        ? async (asked) => ask(readArrivals, asked, telemetryReader(core), core)
        : undefined,
      arrivalsBelow: chainedArrivals,
      terminals: { sit: (asked, viewer) => context.terminals.sit(asked, viewer, core) },
      health,
      checks,
    },
    addresses,
    opened,
  );
  // Before listeners wait for their requests.
  await opened.add(Promise.resolve(landings));
  core.start();

  return {
    core,
    ...listening,
    root: authority.root,
    setupCode: await ensureSetupCode(store, random),
    failed,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** In whose name subscribers are told: what each of them may hear is asked of its own token. */
const telemetryReader = (core: Pick<Core<AppContext>, "newId">): Caller => ({
  ...itself([readArrivals.permission], core),
  via: "mqtt",
});
