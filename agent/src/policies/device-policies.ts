import { kindOfTask, type Command, type Encodable, type PolicyPack, type Reason, type v1 } from "@edgemere/protocol";
import { HOUR, Reconciler, SECOND, type Env } from "@edgemere/protocol/kit";
import type { Standing } from "@edgemere/protocol/policy";
import type { TelemetryReading } from "../host/host.ts";
import type { Moment, Outbox } from "../link/outbox.ts";
import { encodedPack, readPack, writePack } from "./pack-file.ts";
import type { Engine } from "./engine.ts";
import { readStanding, writeStanding, type PolicyStanding, type PolicyState, type Untold } from "./standing-file.ts";

/** What the device asks of itself. */
export type OwnTask = Pick<Command, "command" | "issuedAtMs" | "expiresAtMs" | "runTimeoutMs" | "actor"> &
  Pick<Encodable<typeof v1.Command>, "inventoryRefresh" | "serviceStatus">;

interface PoliciesParts {
  readonly env: Env;
  readonly outbox: Outbox;
  readonly own: { readonly id: string; readonly agent_version: string };
  /** The control plane's wall clock as far as it is known. */
  readonly correctedNow: () => number;
  readonly clockPeriod: () => number;
}

/** Why a pack was not taken. */
export interface PackRefusal {
  readonly reason: Reason;
  readonly detail: string;
}

const EFFECT_RUNS = 5 * 60 * SECOND;
const EFFECT_WAITS = HOUR;

/**
 * The policies that this device watches by itself, whether or not anybody hears it. What watches them is loaded when there is a pack, and how
 * alerts stand is on the disk, together with the words that tell of it, before anything follows.
 */
export class DevicePolicies implements AsyncDisposable {
  readonly #parts: PoliciesParts;
  readonly #loop: Reconciler;
  /** What goes on steadily, whatever is done to the clock. */
  readonly #begunAt: { readonly now: number; readonly monotonic: number };
  /** Gives why a command is not taken in; undefined where it is, or was before. */
  #ask: (task: OwnTask) => Promise<string | undefined> = async () => "nothing is asked for yet";
  #pack: PolicyPack | undefined;
  #engine: Engine | undefined;
  #state: PolicyState;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: PoliciesParts, state: PolicyState | undefined) {
    const { clock, log } = parts.env;
    this.#parts = parts;
    this.#begunAt = { now: parts.correctedNow(), monotonic: clock.monotonic() };
    const now = this.#begunAt.now;
    // Words of a device that lost its memory are still above those before.
    this.#state = state ? asOf(state, now) : { savedAt: now, policies: {}, number: now, untold: [], acted: [] };
    const onError = (error: unknown) => log.warn("policies wait: what they decide cannot be kept", { error });
    const step = () => this.#inOrder(() => this.#step());
    this.#loop = new Reconciler({ name: "watch policies", every: SECOND, step, onError }, clock);
  }

  /** Reads what a former run left. A pack that cannot be read is told of, and another one asked for by that. */
  static async open(parts: PoliciesParts): Promise<DevicePolicies> {
    const { disk, log } = parts.env;
    const pack = await readPack(disk);
    const policies = new DevicePolicies(parts, await readStanding(disk));
    if (pack === undefined) return policies;
    const refusal = pack === "damaged" ? unreadable : await policies.#load(pack);
    if (refusal === undefined) return policies;
    log.error("the pack of policies cannot be used, and none is watched", { detail: refusal.detail });
    await policies.#say({ packVersion: 0 }).catch(() => {});
    return policies;
  }

  /** The version of the pack that runs; 0 without one. */
  get version(): number {
    return this.#pack?.version ?? 0;
  }

  start(ask: (task: OwnTask) => Promise<string | undefined>): void {
    this.#ask = ask;
    if (this.#engine !== undefined) this.#loop.start();
  }

  /** Has another pack take the place of the one there is: all of it, or nothing. Gives why it was not taken. */
  take(pack: PolicyPack): Promise<PackRefusal | undefined> {
    return this.#inOrder(async () => {
      const { disk, log } = this.#parts.env;
      const isSame = this.#pack !== undefined && Buffer.compare(encodedPack(this.#pack), encodedPack(pack)) === 0;
      if (isSame) return undefined;
      if (pack.version <= this.version) {
        await this.#say({ packVersion: this.version });
        return { reason: "old-pack", detail: `it is version ${pack.version}, and version ${this.version} runs here` };
      }
      const before = [this.#pack, this.#engine] as const;
      const refusal = await this.#load(pack);
      if (refusal !== undefined) return refusal;
      try {
        await writePack(disk, pack);
      } catch (error) {
        [this.#pack, this.#engine] = before;
        throw error;
      }
      await this.#say({ packVersion: pack.version });
      log.info("a pack of policies is watched", { version: pack.version, policies: pack.policies.length });
      this.#loop.start();
      return undefined;
    });
  }

  /** Takes in what was measured just now. */
  observe(readings: readonly TelemetryReading[]): void {
    if (this.#engine === undefined) return;
    this.#engine.take(readings, this.#now());
    this.#loop.kick();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
    await this.#turn;
  }

  #now(): number {
    const { now, monotonic } = this.#begunAt;
    return Math.floor(now + this.#parts.env.clock.monotonic() - monotonic);
  }

  #moment(): Moment {
    return { atMs: Math.floor(this.#parts.env.clock.now()), clockPeriod: this.#parts.clockPeriod() };
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Code that most devices never need is loaded by those that do. */
  async #load(pack: PolicyPack): Promise<PackRefusal | undefined> {
    const [{ Engine }, { CostlyPack }] = await Promise.all([
      import("./engine.ts"),
      import("@edgemere/protocol/policy"),
    ]);
    try {
      this.#engine = new Engine(pack, this.#parts.own);
      this.#pack = pack;
      return undefined;
    } catch (error) {
      if (error instanceof CostlyPack) return { reason: "costly-pack", detail: error.message };
      if (error instanceof RangeError) return { reason: "bad-arguments", detail: error.message };
      throw error;
    }
  }

  async #step(): Promise<"settled"> {
    const next = this.#engine?.look(this.#state, this.#now(), this.#moment());
    if (next !== undefined) {
      await writeStanding(this.#parts.env.disk, next);
      this.#state = next;
    }
    await this.#tell();
    return "settled";
  }

  /** What was decided is asked for, then told. A run that dies in between does both again: one is known by its id, the other by its number. */
  async #tell(): Promise<void> {
    const { untold } = this.#state;
    if (untold.length === 0) return;
    for (const word of untold) {
      const acted: v1.PolicyActed.$Properties[] = [];
      for (const effect of word.effects) acted.push(await this.#act(word, effect));
      const { number, atMs, clockPeriod, policy, revision, state, looked } = word;
      const report = { number, packVersion: this.version, policy, revision, state, looked: [...looked], acted };
      // A spool that is full tells of the word as a gap.
      await this.#parts.outbox
        .append("event", { policyReport: report }, { atMs, clockPeriod })
        .catch((error: unknown) => this.#parts.env.log.warn("a word on a policy is lost", { policy, state, error }));
    }
    this.#state = { ...this.#state, untold: [] };
    await writeStanding(this.#parts.env.disk, this.#state);
  }

  async #act({ number, policy, atMs }: Untold, { place, isHeldBack }: Untold["effects"][number]) {
    const command = `policy-${number}-${place}`;
    const effect = this.#engine?.effectOf(policy, place);
    const kind = kindOfTask(effect?.task) ?? "unknown";
    if (isHeldBack) return { kind, command, problem: "this device has asked too much of itself in this hour" };
    if (effect === undefined) return { kind, command, problem: "the pack has no such effect any more" };
    const { runTimeoutMs, task: _, ...task } = effect;
    const at = this.#parts.correctedNow() - Math.max(0, this.#parts.env.clock.now() - atMs);
    const times = {
      issuedAtMs: Math.floor(at),
      expiresAtMs: Math.floor(at) + EFFECT_WAITS,
      runTimeoutMs: runTimeoutMs === undefined || runTimeoutMs === 0 ? EFFECT_RUNS : runTimeoutMs,
    };
    const problem = await this.#ask({ command, ...times, actor: `policy:${policy}`, ...task });
    return { kind, command, ...(problem !== undefined && { problem }) };
  }

  async #say(report: Encodable<typeof v1.PolicyReport>): Promise<void> {
    const number = this.#state.number + 1;
    this.#state = { ...this.#state, number };
    await writeStanding(this.#parts.env.disk, this.#state);
    await this.#parts.outbox.append("event", { policyReport: { ...report, number } });
  }
}

const unreadable: PackRefusal = { reason: "bad-arguments", detail: "it is damaged" };

/** What was written down by a clock that was ahead is of now: nothing waits for an instant that comes later than it should. */
function asOf(state: PolicyState, now: number): PolicyState {
  const ahead = Math.max(0, state.savedAt - now);
  if (ahead === 0) return state;
  const policies: Record<string, PolicyStanding> = {};
  for (const [name, { standing, ...rest }] of Object.entries(state.policies))
    policies[name] = { ...rest, standing: standing && earlier(standing, ahead) };
  return { ...state, savedAt: now, policies };
}

const earlier = ({ state, since, firedAt, clearedAt, dueAt }: Standing, by: number): Standing => ({
  state,
  since: since - by,
  ...(firedAt !== undefined && { firedAt: firedAt - by }),
  ...(clearedAt !== undefined && { clearedAt: clearedAt - by }),
  ...(dueAt !== undefined && { dueAt: dueAt - by }),
});
