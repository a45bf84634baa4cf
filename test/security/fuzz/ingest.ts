import { createCore, features, Landings, memoryDatabase, type AppContext, type Core } from "@edgemere/control-plane";
import { parseToken, unpack, type Packet, type StreamName } from "@edgemere/protocol";
import type { Log } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { signer } from "../../simulation/enrolment.ts";
import { simulatedContext } from "../../simulation/simulated-control-plane.ts";
import type { Area, Run } from "./area.ts";
import { chanceOf } from "./chance.ts";
import { booksOf, readAll } from "./ingest-books.ts";
import { accepted, count, emptyAccount, finding, refused, type Account, type Verdict } from "./tally.ts";
import { AT, said, type Said } from "./telemetry-messages.ts";

const EPISODES = 320;
const MESSAGES = 60;
const DEVICES = ["one", "two"];
/** Steps of a quarter of a second after which a message must be done with. */
const STEPS = 400;
const STEP = 250;
const LEFT_OUT = ["identity", "operations"];

type Dispatch = Core<AppContext>["dispatch"];
const operator: Parameters<Dispatch>[2] = {
  actor: "user:alice",
  via: "rest",
  permissions: ["*"],
  requestId: "fuzz",
};

/** What an agent of this name asks with a token, where nobody looks at its request for a certificate. */
export const registration = ({ id, secret }: { readonly id: string; readonly secret: string }, name: string) => ({
  token: `${id}.${secret}`,
  certificateRequest: name,
  messageKey: Buffer.alloc(32).toString("base64"),
  name,
  machineId: name,
  agentVersion: "0.1.0",
  nonce: name,
});

/** The inside of a control plane over a store in memory, with two devices and a command for each. */
export class Episode {
  readonly clock = new ManualClock(AT);
  readonly failures: string[] = [];
  readonly stored = new Map<string, number>();
  readonly devices: string[] = [];
  readonly commands: string[] = [];
  #core!: Core<AppContext>;

  static async begin(seed: number): Promise<Episode> {
    const episode = new Episode();
    await episode.#begin(seed);
    return episode;
  }

  get core(): Core<AppContext> {
    return this.#core;
  }

  ask(path: string, input: object): Promise<unknown> {
    return this.#core.dispatch(path, input, operator);
  }

  /** What is acknowledged of a stream so far. */
  readonly storedOf = (device: string, stream: StreamName): number => this.stored.get(`${device}/${stream}`) ?? 0;

  /** Lets a device say something, and gives what became of it. */
  async hear({ device, topic, hex }: Said): Promise<Verdict> {
    const before = this.#core.link.refusals(device);
    const failuresBefore = this.failures.length;
    const ends: { readonly error?: unknown }[] = [];
    this.#core.link.arrived(device, topic, Buffer.from(hex, "hex"), "192.0.2.1").then(
      () => ends.push({}),
      (error: unknown) => ends.push({ error }),
    );
    for (let step = 0; ends.length === 0 && step < STEPS; step++) await this.clock.advance(STEP);
    const [end] = ends;
    if (end === undefined) return finding(`was not done with after ${STEPS * STEP} ms`);
    const { error } = end;
    if (error !== undefined)
      return finding(`threw ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error)}`);
    if (this.failures.length > failuresBefore) return finding(this.failures.at(-1) ?? "");
    const after = this.#core.link.refusals(device);
    const reason = Object.keys(after).find((each) => after[each] !== before[each]);
    if (reason === "failed") return finding("a feature failed on it");
    return reason === undefined ? accepted : refused(reason);
  }

  async #begin(seed: number): Promise<void> {
    this.#core = await createCore<AppContext>({
      database: memoryDatabase(),
      clock: this.clock,
      random: seededRandom(seed),
      log: this.#log(),
      features: features.filter(({ name }) => !LEFT_OUT.includes(name)),
      context: {
        ...simulatedContext,
        telemetry: { ...simulatedContext.telemetry, landings: new Landings("fuzz") },
      },
      signer,
    });
    this.#core.link.attach({ send: async (packet) => this.#sent(packet), disconnect: () => {} });
    for (const name of DEVICES) this.devices.push(await this.#enrol(name));
    for (const device of this.devices) {
      const { job } = (await this.ask("cpl/dm/job/create", { device, kind: "ping" })) as { job: { id: string } };
      const { commands } = (await this.ask("cpl/dm/job/find", { job: job.id })) as { commands: { id: string }[] };
      this.commands.push(...commands.map(({ id }) => id));
    }
  }

  async #enrol(name: string): Promise<string> {
    const { token } = (await this.ask("cpl/dm/token/create", {})) as { token: string };
    const asked = registration(parseToken(token), name);
    const { device } = (await this.ask("cpl/dm/agent/register", asked)) as { device: string };
    return device;
  }

  /** What a device is told must be what a device can read, and what is acknowledged never goes back. */
  #sent({ topic, payload }: Packet): void {
    const { name, device, message } = unpack(topic, payload);
    if (name !== "ack" && name !== "sync") return;
    for (const { stream = "", upTo = 0 } of message.acknowledgements) {
      const key = `${device}/${stream}`;
      const before = this.stored.get(key) ?? 0;
      if (upTo < before) this.failures.push(`${stream} was acknowledged up to ${before}, and then up to ${upTo}`);
      this.stored.set(key, upTo);
    }
  }

  #log(): Log {
    const silent = () => {};
    const error: Log["error"] = (message, fields) => {
      const cause: unknown = fields?.["error"];
      const told = cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(fields);
      this.failures.push(`logged "${message}": ${told}`);
    };
    return { debug: silent, info: silent, warn: silent, error };
  }
}

/** Messages of devices that are well formed and make no sense, to the core of a control plane. */
export const ingest: Area = {
  name: "ingest",
  run: async ({ seed, times, only }: Run) => {
    const account = emptyAccount();
    const [from, to] = only === undefined ? [0, Math.round(EPISODES * times)] : [only, only + 1];
    for (let number = from; number < to; number++) await runEpisode(seed, number, account);
    return account;
  },
  replay: async (inputs) => {
    const verdicts: Verdict[] = [];
    for (const input of inputs) verdicts.push(await retold(input as readonly Retold[]));
    return verdicts;
  },
};

/** In a corpus a device has a number: its id is another one each time. */
interface Retold extends Omit<Said, "device"> {
  readonly device: number;
}

async function runEpisode(seed: number, number: number, account: Account): Promise<void> {
  const chance = chanceOf(seed, number);
  await using episode = await begun(number);
  const messages: Retold[] = [];
  for (let message = 0; message < MESSAGES; message++) {
    const one = said(chance, episode);
    const place = episode.devices.indexOf(one.device);
    messages.push({ ...one, device: place, topic: one.topic.replaceAll(one.device, `{${place}}`) });
    const startedAt = performance.now();
    const verdict = await episode.hear(one);
    count(account, verdict, messages, performance.now() - startedAt);
    // Sent once more, as a device does whose acknowledgement was lost.
    if (chance.oneIn(10)) count(account, await episode.hear(one), messages);
  }
  const wrong = (await booksOf(episode)) ?? (await readAll(episode));
  if (wrong !== undefined) account.findings.push({ what: `episode ${number}: ${wrong}`, input: messages });
}

async function retold(messages: readonly Retold[]): Promise<Verdict> {
  await using episode = await begun(0);
  for (const { device, topic, hex } of messages) {
    const real = topic.replaceAll(/\{(\d)\}/g, (all, place: string) => episode.devices[Number(place)] ?? all);
    const verdict = await episode.hear({ device: episode.devices[device] ?? "", topic: real, hex });
    if (verdict.kind === "finding") return verdict;
  }
  const wrong = (await booksOf(episode)) ?? (await readAll(episode));
  return wrong === undefined ? accepted : finding(wrong);
}

async function begun(seed: number): Promise<Episode & AsyncDisposable> {
  const episode = await Episode.begin(seed);
  return Object.assign(episode, { [Symbol.asyncDispose]: () => episode.core[Symbol.asyncDispose]() });
}
