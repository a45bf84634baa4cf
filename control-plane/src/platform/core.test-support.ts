import { createPublicKey } from "node:crypto";
import {
  inColumns,
  pack,
  privateKeyFromSeed,
  unpack,
  type Arrival,
  type Packet,
  type RecordBody,
  type SigningKey,
  type StreamName,
  type Trust,
} from "@edgemere/protocol";
import { silentLog } from "@edgemere/protocol/kit";
import { drain, ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { createCore, type Core, type CoreContext } from "../core.ts";
import type { AnyAction, InputOf, OutputOf } from "./action.ts";
import type { Caller } from "./caller.ts";
import { memoryDatabase, type Database } from "./database.ts";
import type { Feature } from "./feature.ts";
import type { Signer } from "./signer.ts";

export type { CoreContext } from "../core.ts";

const operator: Caller = { actor: "user:alice", via: "rest", permissions: ["*"], requestId: "r1" };

/** A way to devices that remembers what it carried. */
export class RecordingCarrier {
  readonly sent: Arrival[] = [];
  readonly disconnected: { readonly device: string; readonly reason: string }[] = [];

  async send({ topic, payload }: Packet): Promise<void> {
    this.sent.push(unpack(topic, payload));
  }
  disconnect(device: string, reason: string): void {
    this.disconnected.push({ device, reason });
  }
  /** The messages of one kind, oldest first. */
  messages<N extends Arrival["name"]>(name: N): readonly Extract<Arrival, { readonly name: N }>["message"][] {
    return this.sent.flatMap((each) => (each.name === name ? [each.message as never] : []));
  }
}

/**
 * A control plane without a broker or faces, on a clock that stands still until a test moves it. A second one over the same
 * database needs a later clock, or it would make the ids of the first again.
 */
export interface TestCore<C> extends Core<C> {
  readonly clock: ManualClock;
  readonly carrier: RecordingCarrier;
  ask(path: string, input?: object): Promise<unknown>;
  /** Asks as an operator who may do everything, unless told otherwise. */
  call<A extends AnyAction>(action: A, input: InputOf<A>, caller?: Partial<Caller>): Promise<OutputOf<A>>;
  /** A device begins a session. */
  hello(device: string): Promise<void>;
  /** Something a device says. */
  arrived(device: string, packet: Pick<Packet, "topic" | "payload">): Promise<void>;
  /** Records of a device, numbered on from those before, which an earlier control plane over the same database may have stored. */
  report(device: string, stream: StreamName, ...bodies: readonly RecordBody[]): Promise<void>;
  /** The same from the first number on: what a device sends again that did not hear. */
  replay(device: string, stream: StreamName, ...bodies: readonly RecordBody[]): Promise<void>;
  /** Until every rule has seen every event. */
  settle(): Promise<void>;
  /** Moves the clock on, and lets everything that follows happen. */
  advance(ms: number): Promise<void>;
  /** Types of the events after a number, in order. */
  eventTypes(after?: number): Promise<readonly string[]>;
}

const signingKey: SigningKey = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
/** Signs what the test core says to devices, with one key for every role. */
export const signer: Signer = { keysFor: () => [signingKey], keyringVersion: 1, keyringsAfter: () => [] };
/** Believes it. */
export const trustInSigner: Trust = () => ({
  threshold: 1,
  keys: new Map([[signingKey.keyId, createPublicKey(signingKey.privateKey)]]),
});

export async function startTestCore<C extends CoreContext>({
  features,
  context,
  database = memoryDatabase(),
  clock = new ManualClock(),
}: {
  readonly features: readonly Feature<C>[];
  readonly context: Omit<C, keyof CoreContext>;
  readonly database?: Database;
  readonly clock?: ManualClock;
}): Promise<TestCore<C>> {
  const core = await createCore<C>({
    database,
    clock,
    random: seededRandom(1),
    log: silentLog,
    features,
    context,
    signer,
  });
  const next = new Map<string, number>();
  const carrier = new RecordingCarrier();
  core.link.attach(carrier);
  core.start();

  const settle = async () => {
    for (let turn = 0; turn < 20_000; turn++) {
      await drain();
      if (core.bus.isSettled) return;
    }
    throw new Error("the rules do not come to rest");
  };

  const send = async (device: string, stream: StreamName, bodies: readonly RecordBody[], first: number) => {
    next.set(`${device}/${stream}`, first + bodies.length);
    const records = bodies.map((body, i) => ({ sequence: first + i, atMs: clock.now(), ...body }));
    const refusals = JSON.stringify(core.link.refusals());
    await arrived(device, pack(stream, { device }, { ...inColumns(records), firstUnacknowledged: 1, sessionEpoch: 1 }));
    const after = JSON.stringify(core.link.refusals());
    if (after !== refusals) throw new Error(`the records were refused: ${after}`);
  };

  const arrived: TestCore<C>["arrived"] = (device, { topic, payload }) =>
    core.link.arrived(device, topic, payload, "192.0.2.1");

  return {
    ...core,
    clock,
    carrier,
    settle,
    arrived,
    call: async (action, input, caller = {}) => core.dispatch(action.path as string, input, { ...operator, ...caller }),
    ask: (path, input = {}) => core.dispatch(path, input, operator),
    hello: (device) =>
      arrived(device, pack("hello", { device }, { bootId: "boot-1", sessionEpoch: 1, agentVersion: "0.1.0" })),
    report: async (device, stream, ...bodies) => {
      const stored = (await core.link.accounts(device)).find((each) => each.stream === stream)?.upTo ?? 0;
      await send(device, stream, bodies, next.get(`${device}/${stream}`) ?? stored + 1);
    },
    replay: (device, stream, ...bodies) => send(device, stream, bodies, 1),
    advance: async (ms) => {
      await clock.advance(ms);
      await settle();
    },
    eventTypes: async (after = 0) => (await core.store.events(after, 10_000)).map(({ type }) => type),
  };
}
