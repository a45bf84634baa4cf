import { DAY, MINUTE } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { memoryDatabase, type Database } from "../../platform/database.ts";
import { Problem, problems } from "../../platform/problem.ts";
import { startTestCore, type CoreContext } from "../../platform/core.test-support.ts";
import { feature } from "../../platform/feature.ts";
import { device } from "../devices/contract.ts";
import { realm } from "../devices/selector-contract.ts";
import { aDevice } from "../device.test-support.ts";
import type { World } from "./aggregator.test-support.ts";
import * as contract from "./contract.ts";
import type { Parent, TelemetryContext } from "./context.ts";
import { Landings, SeriesLists, telemetryAggregator, type ChainedArrivals } from "./index.ts";

export const BEGIN = 20_000 * DAY;
const windows = { every: MINUTE, keepMinutes: 7 * DAY, keepHours: 730 * DAY };

/** The way to a parent: a report may get lost on it, or its answer, or be repeated. */
export class Road {
  readonly url = "https://parent.example.org";
  readonly metrics: readonly string[] = [];
  readonly every: number;
  readonly token: string;
  world: World | undefined;
  /** What becomes of the next requests; all are carried when there is nothing. */
  readonly fate: ("carried" | "lost" | "unanswered" | "twice")[] = [];
  /** Bodies of what was carried. */
  readonly carried: string[] = [];

  constructor(token: string, every = MINUTE) {
    this.token = token;
    this.every = every;
  }

  readonly post: Parent["post"] = async ({ body }) => {
    const { world } = this;
    const fate = this.fate.shift() ?? "carried";
    if (world === undefined || fate === "lost") return { status: 0, text: "connect ECONNREFUSED" };
    const text = new TextDecoder().decode(body);
    if (fate === "twice") await this.arrive(text, world);
    const answer = await this.arrive(text, world);
    return fate === "unanswered" ? { status: 0, text: "socket hang up" } : answer;
  };

  /** What the parent says to it. */
  async arrive(text: string, { dispatch }: World): Promise<{ readonly status: number; readonly text: string }> {
    this.carried.push(text);
    const caller = {
      actor: `token:${this.token}`,
      via: "rest",
      permissions: ["telemetry:report"],
      requestId: "r1",
    } as const;
    try {
      const said = await dispatch(contract.reportWindows.path, JSON.parse(text), caller);
      return { status: 200, text: JSON.stringify(said) };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { status: problems[error.type].status, text: error.message };
    }
  }
}

type Level = "edge" | "region" | "centre";

/** Three control planes: what devices of the edge measure is to be seen in the region and in the centre. */
export class Chain implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly toRegion = new Road("at-region");
  readonly toCentre = new Road("at-centre");
  readonly #databases: Record<Level, Database>;
  readonly #worlds = new Map<Level, World>();

  constructor(clock: ManualClock) {
    this.clock = clock;
    // What is stored outlives the control plane.
    const kept = (): Database => ({ ...memoryDatabase(), close: () => Promise.resolve() });
    this.#databases = { edge: kept(), region: kept(), centre: kept() };
  }

  get edge(): World {
    return this.#world("edge");
  }
  get region(): World {
    return this.#world("region");
  }
  get centre(): World {
    return this.#world("centre");
  }
  get all(): readonly World[] {
    return [...this.#worlds.values()];
  }

  /** Starts a control plane, again on what it has stored. */
  async start(level: Level): Promise<void> {
    await this.#worlds.get(level)?.[Symbol.asyncDispose]();
    const parent = { edge: this.toRegion, region: this.toCentre, centre: undefined }[level];
    const world = await startPlane({ database: this.#databases[level], clock: this.clock, origin: level, parent });
    this.#worlds.set(level, world);
    if (level === "region") this.toRegion.world = world;
    if (level === "centre") this.toCentre.world = world;
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (const each of this.all) await each.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.all) await each[Symbol.asyncDispose]();
  }

  #world(level: Level): World {
    const world = this.#worlds.get(level);
    if (world === undefined) throw new Error(`there is no ${level}`);
    return world;
  }
}

interface Setting {
  readonly database?: Database;
  readonly clock: ManualClock;
  readonly origin: string;
  readonly parent?: Parent | undefined;
  readonly childRoom?: number;
  readonly chainedArrivals?: ChainedArrivals;
}

/** What grants go by. */
const owned = feature<CoreContext & TelemetryContext>({ name: "devices", resources: [device], realm, actions: [] });

export const startPlane = ({
  origin,
  parent,
  childRoom = 1024 ** 3,
  chainedArrivals,
  ...parts
}: Setting): Promise<World> =>
  startTestCore<CoreContext & TelemetryContext>({
    features: [telemetryAggregator, owned],
    context: {
      telemetry: {
        retention: 7 * DAY,
        seriesLists: new SeriesLists(),
        landings: new Landings(origin),
        chainedArrivals,
        windows,
        chain: { origin, parent, childRoom },
      },
    },
    ...parts,
  });

export async function startChain(clock = new ManualClock(BEGIN + 2 * DAY)): Promise<Chain> {
  const chain = new Chain(clock);
  for (const level of ["centre", "region", "edge"] as const) await chain.start(level);
  await chain.edge.store.commit(aDevice("d1", { name: "gw-1", labels: { site: "x" } }), aDevice("d2"));
  await declare(chain.region, { name: "Edge", reporter: chain.toRegion.token, origins: ["edge"] });
  await declare(chain.centre, { name: "Region", reporter: chain.toCentre.token, origins: ["region", "edge"] });
  return chain;
}

export const declare = (
  world: World,
  input: { name: string; reporter: string; origins: string[]; devicesAtMost?: number; bytesAtMost?: number },
) => world.call(contract.createChild, input);

/** Samples of the metric `load`. */
export const reported = (
  world: World,
  device: string,
  baseMs: number,
  offsetMs: readonly number[],
  values: readonly number[],
): Promise<void> =>
  world.report(device, "telemetry", {
    telemetry: { baseMs, offsetMs: [...offsetMs], series: [{ metric: "load", instance: "", values: [...values] }] },
  });
