import { setTimeout as sleep } from "node:timers/promises";
import { createCore, features, levelDatabase, SeriesLists, Watch } from "@edgemere/control-plane";
import { inColumns, pack, privateKeyFromSeed, type RecordBody } from "@edgemere/protocol";
import { DAY, silentLog, systemClock, systemRandom } from "@edgemere/protocol/kit";
import type { deviceRow } from "./device-rows.ts";

const caller = { actor: "user:bench", via: "system", permissions: ["*"], requestId: "bench" } as const;

/** A store of telemetry on the disk, with windows, without faces. */
export interface TelemetryStore extends AsyncDisposable {
  readonly ask: (path: string, input: object, actor?: string) => Promise<unknown>;
  readonly arrived: (
    device: string,
    record: RecordBody & { readonly sequence: number; readonly atMs: number },
  ) => Promise<void>;
  readonly commit: (change: ReturnType<typeof deviceRow>) => Promise<void>;
  /** Resolves when all that has arrived is in the windows. */
  readonly windowsMade: () => Promise<void>;
  /** Resolves when policies that were changed have been looked at on all devices. */
  readonly swept: () => Promise<void>;
}

/** The way to a parent. */
export interface ToParent {
  readonly url: string;
  readonly metrics: readonly string[];
  readonly every: number;
  readonly post: (post: { readonly body: Uint8Array }) => Promise<{ readonly status: number; readonly text: string }>;
}

/** With `watches`, policies are watched as well. */
export async function telemetryStore(
  folder: string,
  { parent, watches = false }: { readonly parent?: ToParent; readonly watches?: boolean } = {},
): Promise<TelemetryStore> {
  const wanted = ["telemetry-aggregator", ...(watches ? ["policies"] : [])];
  const key = { keyId: "bench", privateKey: privateKeyFromSeed(new Uint8Array(32)) };
  const core = await createCore({
    database: await levelDatabase(folder),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    features: features.filter(({ name }) => wanted.includes(name)) as [],
    context: {
      telemetry: {
        retention: 7 * DAY,
        seriesLists: new SeriesLists(),
        windows: { every: 2_000, keepMinutes: 7 * DAY, keepHours: 30 * DAY },
        ...(parent && { chain: { origin: "child", parent, childRoom: 4 * 1024 ** 3 } }),
      },
      watch: new Watch(),
    } as object,
    signer: { keysFor: () => [key], keyringVersion: 1, keyringsAfter: () => [] },
  });
  core.start();
  const count = (name: string) => core.store.count({ name, indexes: {} });
  return {
    ask: (path, input, actor = caller.actor) => core.dispatch(path, input, { ...caller, actor }),
    arrived: async (device, record) => {
      const batch = { ...inColumns([record]), firstUnacknowledged: 1, sessionEpoch: 1 };
      const { topic, payload } = pack("telemetry", { device }, batch);
      await core.link.arrived(device, topic, payload, "192.0.2.1");
    },
    commit: (change) => core.store.commit(change),
    windowsMade: async () => {
      while ((await count("telemetrydirty")) + (await count("telemetryunderway")) > 0) await sleep(500);
    },
    swept: async () => {
      while ((await count("policysweep")) > 0) await sleep(100);
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

const AT_ONCE = 200;

/** So many at a time, one number after the other. */
export async function inTurns(count: number, run: (number: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => run(first + i)));
}
