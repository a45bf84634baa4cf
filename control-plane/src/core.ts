import type { SigningKey } from "@edgemere/protocol";
import { idMaker, MINUTE, Reconciler, type Clock, type Log, type Loop, type Random } from "@edgemere/protocol/kit";
import { Link } from "./link/link.ts";
import { Audit } from "./platform/audit.ts";
import { Bus } from "./platform/bus.ts";
import type { PlatformContext } from "./platform/context.ts";
import type { Database } from "./platform/database.ts";
import type { DeviceLink } from "./platform/device-link.ts";
import { createDispatch, type Dispatch } from "./platform/dispatch.ts";
import type { Feature } from "./platform/feature.ts";
import { Idempotency } from "./platform/idempotency.ts";
import { Store } from "./platform/store.ts";

export type CoreContext = PlatformContext & { readonly link: DeviceLink; readonly random: Random };

interface Parts<C extends CoreContext> {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly features: readonly Feature<C>[];
  /** What the features need beside the platform. */
  readonly context: Omit<C, keyof CoreContext>;
  readonly signingKey: SigningKey;
  readonly keyringVersion: number;
}

/** The deterministic inside of the control plane: no broker, no HTTP, no clock or disk of its own. */
export interface Core<C> extends AsyncDisposable {
  readonly store: Store;
  readonly dispatch: Dispatch;
  readonly bus: Bus;
  readonly link: Link<C>;
  readonly newId: () => string;
  /** Begins to react and to look after things. */
  start(): void;
  /** Ends every loop's pause. */
  kick(): void;
}

export async function createCore<C extends CoreContext>(parts: Parts<C>): Promise<Core<C>> {
  const { database, clock, random, log, features, signingKey, keyringVersion } = parts;
  const store = await Store.open(database, clock);
  const newId = idMaker({ clock, random });
  const now = () => clock.now();
  const idempotency = new Idempotency(store, now);
  // Handlers ask each other through dispatch, and the link is asked by handlers: both are made with a context that holds them.
  const dispatch: Dispatch = (path, input, caller) => dispatching(path, input, caller);
  const context = { ...parts.context, store, clock, random, log, newId, dispatch } as unknown as C;
  const link = new Link({ store, clock, log, features, context, signingKey, keyringVersion });
  Object.assign(context, { link });
  const dispatching = createDispatch({ features, context, audit: new Audit(store, now), idempotency, log });

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
  const loops = [...features.flatMap((each) => each.loops?.(context) ?? []), forgetting].map(
    (loop) => new Reconciler(loop, clock),
  );

  return {
    store,
    dispatch,
    bus,
    link,
    newId,
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
