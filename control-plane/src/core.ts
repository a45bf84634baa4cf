import { DAY, idMaker, MINUTE, Reconciler, type Clock, type Log, type Loop, type Random } from "@edgemere/protocol/kit";
import { Link } from "./link/link.ts";
import { asAsked, type Admit } from "./platform/admission.ts";
import { Audit } from "./platform/audit.ts";
import type { AuditHead } from "./platform/audit-heads.ts";
import { Bus } from "./platform/bus.ts";
import type { PlatformContext } from "./platform/context.ts";
import type { Database } from "./platform/database.ts";
import type { DeviceLink } from "./platform/device-link.ts";
import { createDispatch, type Dispatch } from "./platform/dispatch.ts";
import { forgetOldEvents } from "./platform/event-retention.ts";
import type { Feature } from "./platform/feature.ts";
import type { Family } from "./platform/figures.ts";
import { generationOf } from "./platform/generation.ts";
import { healthOf, watched, type Check, type Health } from "./platform/health.ts";
import { Idempotency } from "./platform/idempotency.ts";
import { measuredDatabase, measuredDispatch } from "./platform/measured.ts";
import { refusingWhenFull } from "./platform/read-only.ts";
import { Scopes } from "./platform/scopes.ts";
import type { Signer } from "./platform/signer.ts";
import { Store } from "./platform/store.ts";
import { Turns } from "./platform/turns.ts";

export type CoreContext = PlatformContext & {
  readonly link: DeviceLink;
  readonly random: Random;
  readonly generation: () => number;
  readonly audit: Audit;
  /** How everything is now, in figures. */
  readonly figures: () => Promise<readonly Family[]>;
};

interface Parts<C extends CoreContext> {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly features: readonly Feature<C>[];
  /** What the features need beside the platform. */
  readonly context: Omit<C, keyof CoreContext>;
  readonly signer: Signer;
  /** Where devices reach the broker, the preferred first; they are told in every session. */
  readonly brokerAddresses?: () => readonly string[];
  /** Milliseconds; for how long a session may do what is dangerous after its person proved who they are. */
  readonly stepUpAfter?: number;
  /** The newest signed head of the audit log, for devices. */
  readonly auditHead?: () => AuditHead | undefined;
  /** Milliseconds; for how long events are kept. */
  readonly eventsKeptFor?: number;
  /** Milliseconds that records nobody waits for may wait for others, to be synced with them; 0 when absent. */
  readonly gatherFor?: number;
  /** Whether the disk is so full that nothing new is taken. */
  readonly isReadOnly?: () => boolean;
  /** Keys whose stored values were found damaged. */
  readonly damaged?: () => number;
  /** Figures that only those around it know. */
  readonly figures?: () => Promise<readonly Family[]>;
}

const EVENTS_KEPT_FOR = 30 * DAY;
const STEP_UP_AFTER = 15 * MINUTE;

/** The deterministic inside of the control plane: no broker, no HTTP, no clock or disk of its own. */
export interface Core<C> extends AsyncDisposable {
  readonly store: Store;
  readonly dispatch: Dispatch;
  readonly bus: Bus;
  readonly scopes: Scopes;
  readonly link: Link<C>;
  readonly newId: () => string;
  /** Which life of the control plane this is: 1, and one more after each restore from a backup. Features find it in their context. */
  readonly generation: number;
  /** How it is, with what only those around it know. */
  health(...more: readonly Check[]): Health;
  /** After a failed write, when the database was opened anew: goes on with what is really on the disk. */
  recover(): Promise<void>;
  /** Begins to react and to look after things. */
  start(): void;
  /** Ends every loop's pause. */
  kick(): void;
}

export async function createCore<C extends CoreContext>(parts: Parts<C>): Promise<Core<C>> {
  const { clock, random, log, features } = parts;
  const { measured: database, figures: databaseFigures } = measuredDatabase(parts.database, clock);
  const { isReadOnly = () => false, damaged = () => 0, eventsKeptFor = EVENTS_KEPT_FOR } = parts;
  const { stepUpAfter = STEP_UP_AFTER } = parts;
  const store = await Store.open(database, clock, parts);
  const current = await generationOf(store);
  const generation = () => current;
  const newId = idMaker({ clock, random });
  const now = () => clock.now();
  const idempotency = new Idempotency(store, now);
  const audit = new Audit(store, now);
  // Handlers ask each other through dispatch, and the link is asked by handlers: both are made with a context that holds them.
  const dispatch: Dispatch = (path, input, caller) => dispatching(path, input, caller);
  const scopes = new Scopes(features, store);
  const actions = features.flatMap((each) => each.actions.map(({ action }) => action));
  const say = features.find(({ admission }) => admission !== undefined)?.admission;
  const admit: Admit = async (asked) => say?.(asked, context) ?? asAsked;
  const context: C = {
    ...parts.context,
    store,
    scopes,
    clock,
    random,
    log,
    newId,
    turns: new Turns(),
    dispatch,
    admit,
    actions,
    generation,
    audit,
    figures: () => figures(),
  } as unknown as C;
  const isTakingRecords = () => !isReadOnly() && !store.isBroken;
  const link = new Link({ ...parts, store, context, generation, isTakingRecords });
  Object.assign(context, { link });
  const refusing = refusingWhenFull(
    createDispatch({
      features,
      context,
      audit,
      store,
      idempotency,
      log,
      admit,
      // Nothing was proved in the future: a clock that was set back makes nobody fresh.
      isFresh: (provedAt) => Math.abs(now() - provedAt) < stepUpAfter,
    }),
    actions,
    isReadOnly,
  );
  const { measured: dispatching, figures: dispatchFigures } = measuredDispatch(refusing, { actions, clock });
  const gather = async () => [
    ...dispatchFigures(),
    ...databaseFigures(),
    store.occurred.figure(),
    ...link.figures(),
    ...(await Promise.all(features.map(async (each) => each.figures?.(context) ?? []))).flat(),
    ...((await parts.figures?.()) ?? []),
  ];
  // Whoever asks while it is gathered gets the same: the fleet is looked at once.
  let gathering: Promise<readonly Family[]> | undefined;
  const figures = () =>
    (gathering ??= gather().finally(() => {
      gathering = undefined;
    }));

  const bus = new Bus(
    { store, clock, log, dispatch, newId },
    features.flatMap((each) => each.rules ?? []),
  );
  const forgetting: Loop = {
    name: "forget idempotency keys",
    every: 10 * MINUTE,
    onError: (error) => log.error("loop failed", { loop: "forget idempotency keys", error }),
    step: async () => {
      await idempotency.forgetOld();
      return "settled";
    },
  };
  const resources = features.flatMap((each) => each.resources);
  const watchedLoops = [
    ...features.flatMap((each) => each.loops?.(context) ?? []),
    forgetting,
    forgetOldEvents({ store, bus, clock, log, resources, keepFor: eventsKeptFor }),
    link.forgetting(eventsKeptFor),
  ].map((loop) => watched(loop, clock));
  const loops = watchedLoops.map(({ loop }) => new Reconciler(loop, clock));
  const checks: readonly Check[] = [
    () => (store.isBroken ? { severity: "failed", reason: "the store takes no writes" } : undefined),
    () => (isReadOnly() ? { severity: "degraded", reason: "the disk is nearly full" } : undefined),
    () => (damaged() > 0 ? { severity: "degraded", reason: "the store holds damaged values" } : undefined),
    ...watchedLoops.map(({ check }) => check),
  ];

  return {
    store,
    dispatch,
    bus,
    scopes,
    link,
    newId,
    generation: current,
    health: (...more) => healthOf([...checks, ...more]),
    recover: async () => {
      // What the link remembers of a device may be behind what is stored: each begins anew with a Hello.
      for (const { device } of link.sessions()) {
        link.disconnect(device, "the store was opened anew");
        link.dropped(device);
      }
      await store.recover();
    },
    start: () => {
      bus.start();
      for (const loop of loops) loop.start();
    },
    kick: () => {
      for (const loop of loops) loop.kick();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(loops.map((loop) => loop[Symbol.asyncDispose]()));
      await bus[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
