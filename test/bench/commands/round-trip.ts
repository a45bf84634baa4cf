import { join } from "node:path";
import { Program } from "../../world/program.ts";
import { startWorld, type World } from "../../world/world.ts";
import { enrolled } from "../identities.ts";
import { measured as sent, paced } from "../load.ts";
import { quantile, spread } from "../statistics.ts";
import type { Table } from "../table.ts";
import { connected } from "../telemetry/connected.ts";
import { Opened } from "../telemetry/opened.ts";
import { AnsweringDevice } from "./answering-device.ts";

const EVERY = 10_000;
const COMMAND_BYTES = 420;

interface Size {
  readonly devices: number;
  readonly rounds: number;
  readonly times: number;
}

/** From asking for a ping of one device, which has a real agent, until its end is told to whoever watches: at rest, and while others send. */
export async function roundTrip({ devices: count, rounds, times }: Size): Promise<Table> {
  await using world = await startWorld();
  await world.enrolAgent("gw1");
  await using ends = new Ends(world);
  const idle = await timed(rounds, times, () => ends.ping());

  const identities = await enrolled(world, { to: count + 1 });
  await using open = new Opened();
  const senders = await connected(open, identities.slice(1), {
    port: world.controlPlane.ready.ports.mqtt,
    isAcknowledged: true,
  });
  const side = { pids: [world.controlPlane.pid], devices: senders };
  const busy: Trip[][] = [];
  for (let round = 0; round < rounds; round++) {
    const load = sent(side, paced(EVERY), { count: 3 });
    busy.push(...(await timed(1, times, () => ends.ping())));
    await load;
  }

  const bare = open.use(
    new Program({
      script: "test/dist/bench/bare-broker.js",
      args: [join(world.controlPlane.dataFolder, "authority")],
    }),
  );
  const { port } = await bare.message<{ port: number }>("ready");
  const [first] = identities;
  if (first === undefined) throw new Error("nobody was enrolled");
  open.use(await AnsweringDevice.connect(first, port, { isBare: true }));
  const peer = await timed(rounds, times, async () => {
    const from = performance.now();
    const answered = bare.message("answered");
    bare.send({ devices: [first.device], bytes: COMMAND_BYTES, enough: 1 });
    await answered;
    const told = performance.now() - from;
    return { stored: told, told };
  });
  const figures = (of: readonly (readonly Trip[])[], which: keyof Trip) => {
    const rounds = of.map((each) => each.map((trip) => trip[which]));
    return [spread(rounds.map((each) => quantile(each, 0.5))), spread(rounds.map((each) => quantile(each, 0.99)))];
  };
  const row = (name: string, of: readonly (readonly Trip[])[]) => [
    name,
    ...figures(of, "stored"),
    ...figures(of, "told"),
  ];
  return {
    title: "commands: round trip of a ping to one device, one after another",
    columns: ["", "stored p50 ms", "p99", "told p50 ms", "p99"],
    rows: [
      row("control plane and agent, at rest", idle),
      row(`while ${count.toLocaleString("en")} devices send telemetry every ${EVERY / 1_000} s`, busy),
      row("bare aedes and bare client", peer),
    ],
    notes: [
      `Median (least..most) of ${rounds} rounds of ${times} each. Ours: REST, job and command on the disk, signed, sent; checked, on the disk and carried out by the agent; its signed result on the disk, told by the live ` +
        "channel. The peer: a message to a device and one back, told over a pipe.",
    ],
  };
}

interface Trip {
  readonly stored: number;
  readonly told: number;
}

async function timed(rounds: number, times: number, once: () => Promise<Trip>): Promise<Trip[][]> {
  const found: Trip[][] = [];
  for (let round = 0; round < rounds; round++) {
    const each: Trip[] = [];
    for (let time = 0; time < times; time++) each.push(await once());
    found.push(each);
  }
  return found;
}

/** Ends of commands as the live channel tells them. */
class Ends implements AsyncDisposable {
  readonly #world: World;
  readonly #stop = new AbortController();
  /** When each ended, by the control plane's clock, which is ours. */
  readonly #ended = new Map<string, number>();
  readonly #watching: Promise<void>;
  #look = () => {};

  constructor(world: World) {
    this.#world = world;
    this.#watching = this.#watch().catch(() => {});
  }

  /** Milliseconds until its end was on the disk of the control plane, and until it was told here. */
  async ping(): Promise<Trip> {
    const [from, at] = [performance.now(), Date.now()];
    const { commands } = await this.#world.client.call("cpl/dm/job/create", { device: "gw1", kind: "ping" });
    const id = commands[0]?.id ?? "";
    return new Promise((resolve) => {
      this.#look = () => {
        const ended = this.#ended.get(id);
        if (ended !== undefined) resolve({ stored: ended - at, told: performance.now() - from });
      };
      this.#look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const { subject, at } of this.#world.events(["command.succeeded"], 0, this.#stop.signal)) {
      this.#ended.set(subject, at);
      this.#look();
    }
  }
}
