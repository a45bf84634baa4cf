import { createCore, features, type AppContext, type Core } from "@edgemere/control-plane";
import { streamNames, unpack, v1, type Record_, type SigningKey, type StreamName } from "@edgemere/protocol";
import { DAY, type Log, type Random } from "@edgemere/protocol/kit";
import { seededRandom, type ManualClock } from "@edgemere/protocol/simulated";
import type { EventLedger } from "./event-ledger.ts";
import { Life } from "./life.ts";
import type { Network } from "./network.ts";
import { recordedKey, type RecordLedger } from "./record-ledger.ts";
import { SimulatedDatabase } from "./simulated-database.ts";
import type { Trace } from "./trace.ts";

export const TRUST_DOMAIN = "simulation.test";
const LEAVES_OUT = ["identity", "operations"];

type Feature = Parameters<typeof createCore<AppContext>>[0]["features"][number];
type Callable = Parameters<Core<AppContext>["dispatch"]>[2];

const operator: Callable = { actor: "user:alice", via: "rest", permissions: ["*"], requestId: "simulation" };

export interface ControlPlaneParts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly trace: Trace;
  readonly network: Network;
  readonly records: RecordLedger;
  readonly events: EventLedger;
  readonly signingKey: SigningKey;
  readonly keyring: Uint8Array;
  /** How many batches the database loses at a death, though it answered them. */
  readonly unsavedBatches: number;
}

/** A control plane that dies and comes back over the same database. */
export class SimulatedControlPlane {
  readonly #parts: ControlPlaneParts;
  readonly database: SimulatedDatabase;
  #life: Life | undefined;
  #core: Core<AppContext> | undefined;

  constructor(parts: ControlPlaneParts) {
    this.#parts = parts;
    const { records, events, unsavedBatches } = parts;
    this.database = new SimulatedDatabase((operations, isThere) => {
      for (const operation of operations) {
        if (operation.type === "del") continue;
        events.landed(operation.key, operation.value);
        if (operation.key.startsWith("recorded/"))
          records.stored(operation.key, operation.value, isThere(operation.key));
      }
    }, unsavedBatches);
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get core(): Core<AppContext> | undefined {
    return this.#core;
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) return;
    const { clock, random, trace, network, records, events, signingKey, keyring } = this.#parts;
    trace.tell("the control plane starts");
    const life = new Life({ clock, random, died: () => this.#died() });
    this.#life = life;
    records.audit(this.database);
    const core = await life.ask(() =>
      createCore<AppContext>({
        database: this.database.openFor(life),
        clock: life.clock(() => 0),
        random: seededRandom(Math.floor(random.next() * 2 ** 32)),
        log: this.#log(),
        features: [...features.filter(({ name }) => !LEAVES_OUT.includes(name)), recorder],
        context: {
          authority: authorityOf(keyring),
          addresses: { deviceApi: "https://control-plane.test", mqtt: "mqtts://control-plane.test" },
          version: "simulated",
          passwords: noPasswords,
          signingKey,
          telemetry: { retention: DAY },
          operations: noOperations,
        },
        signingKey,
        keyringVersion: 1,
      }),
    );
    this.#core = core;
    network.serve({
      link: core.link,
      life,
      admits: (device) => !events.isRetired(device),
      sent: (topic, payload) => this.#sent(topic, payload),
    });
    core.start();
  }

  /** A death without warning. Its host may still close the connections. */
  kill(): void {
    this.#life?.end();
  }

  killAtContact(number: number): void {
    this.#life?.endAtContact(number);
  }

  /** Asks as an operator; undefined when the control plane is down or refuses. */
  async ask(path: string, input: object): Promise<unknown> {
    const [core, life] = [this.#core, this.#life];
    if (core === undefined || life === undefined) return undefined;
    return life.ask(() =>
      core.dispatch(path, input, operator).catch((error: unknown) => {
        this.#parts.trace.tell(`${path} is refused: ${error instanceof Error ? error.message : String(error)}`);
      }),
    );
  }

  #died(): void {
    const { trace, network, random } = this.#parts;
    trace.tell("the control plane dies");
    this.#life = undefined;
    this.#core = undefined;
    this.database.lose();
    network.unserve(random.next() < 0.7 ? "reset" : "nothing");
  }

  #sent(topic: string, payload: Uint8Array): void {
    const { name, device, message } = unpack(topic, payload);
    if (name !== "ack" && name !== "sync") return;
    for (const { stream = "", upTo = 0 } of message.acknowledgements)
      this.#parts.records.acknowledged(device, stream, upTo);
  }

  #log(): Log {
    const { trace } = this.#parts;
    return {
      debug: () => {},
      info: () => {},
      warn: (message) => trace.tell(`control plane warns: ${message}`),
      error: (message, fields) => trace.wrong(`control plane: ${message} ${reasonIn(fields)}`),
    };
  }
}

export const reasonIn = (fields: Readonly<Record<string, unknown>> | undefined): string => {
  const error = fields?.["error"];
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields);
};

/** Keeps every received record as it is, in the commit that stores it. */
const keeping =
  (stream: StreamName): NonNullable<NonNullable<Feature["receives"]>[StreamName]> =>
  ({ device, records }) =>
    Promise.resolve(
      records.map((record) => ({
        writes: [],
        bytes: [{ key: recordedKey(device, stream, record.sequence), bytes: v1.Record.encode(plain(record)).finish() }],
      })),
    );

// What a control plane makes of its own, such as an unexplained gap, may be no message yet.
const plain = (record: Record_) => v1.Record.create(record);

const recorder: Feature = {
  name: "recorder",
  resources: [],
  actions: [],
  receives: Object.fromEntries(streamNames.map((stream) => [stream, keeping(stream)])),
};

const noPasswords = {
  hash: () => Promise.reject(new Error("nobody signs in to a simulation")),
  verify: () => Promise.resolve(false),
};

const absent = () => {
  throw new Error("a simulation has no disk and no backups under its control plane");
};
const noOperations: AppContext["operations"] = {
  generation: () => 1,
  storage: absent,
  lookAtStorage: absent,
  repairStore: absent,
  backups: { folder: "", make: absent, remove: absent, list: absent, head: absent, drill: absent, room: absent },
  backupEvery: undefined,
  backupKeep: 1,
};

const authorityOf = (keyring: Uint8Array): AppContext["authority"] => ({
  trustDomain: TRUST_DOMAIN,
  pin: "A".repeat(43),
  keyring,
  publicKeyOf: (certificateRequest) => Promise.resolve({ hash: certificateRequest }),
  issue: (_, device) =>
    Promise.resolve({ certificate: "", chain: [], serial: device, notAfter: Number.MAX_SAFE_INTEGER }),
});
