import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { commandLife, type CommandKind } from "@edgemere/protocol";
import type { AgentProgram } from "../world/agent-program.ts";
import { endOf, presenceOf, type Command } from "../world/jobs.ts";
import type { Launch } from "../world/program.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { accountOf } from "./account.ts";
import { diskUse, peakMemory } from "./peaks.ts";
import type { Context } from "./scenario.ts";
import { spooled } from "./spooled.ts";
import { eventNumbers, storedCommands, storedTelemetry } from "./stored.ts";

export interface Setting {
  readonly world?: Parameters<typeof startWorld>[0];
  /** Flags of the agent besides `--allow exec`. */
  readonly flags?: readonly string[];
  readonly agent?: Parameters<World["enrolAgent"]>[2];
  /** How long what must come may take, milliseconds: some faults leave an agent waiting for minutes, as it should. */
  readonly patience?: number | undefined;
  /** Done before the agent is enrolled; may change the world. */
  readonly prepare?: (world: World) => Promise<World>;
}

interface Times {
  /** Seconds. */
  readonly queueTimeout?: number;
  readonly runTimeout?: number;
}

interface Given {
  readonly job: string;
  /** What a program that must run once leaves in the file of effects. */
  readonly marker: string | undefined;
}

const MOST_OUTPUT = 16 * 1024 ** 2;

/** Arguments that make sense and do nothing to anybody: no machine has such a service, and no log is open. */
function harmless(kind: CommandKind, number: number): object {
  // Each pack above the one before, and none with a policy.
  if (kind === "policy.pack") return { arguments: { version: number, policies: [] } };
  if (kind.startsWith("service.")) return { arguments: { name: "edgemere-fault" } };
  if (kind === "network.change") return { arguments: { apply: "true", revert: "true" } };
  return kind === "log.collect" ? { arguments: { files: ["/var/log/edgemere-fault"] } } : {};
}

/** One agent and one control plane under a fault: gives them work, waits until all is well again, and settles the account in the end. */
export class Trial {
  readonly world: World;
  readonly agent: AgentProgram;
  readonly device: string;
  readonly #context: Context;
  readonly #effects: string;
  readonly #patience: number | undefined;
  readonly #given: Given[] = [];
  /** By their jobs. What has ended stays so, and many questions a second would be refused. */
  readonly #ended = new Map<string, Command>();

  private constructor(
    context: Context,
    { world, agent, device, patience }: Pick<Trial, "world" | "agent" | "device"> & Pick<Setting, "patience">,
  ) {
    this.#context = context;
    this.world = world;
    this.agent = agent;
    this.device = device;
    this.#patience = patience;
    this.#effects = join(world.folder, "effects");
  }

  static async start(context: Context, setting: Setting = {}): Promise<Trial> {
    const { world: options = {}, flags = [], agent: given = {}, prepare, patience } = setting;
    const started = context.own(await startWorld(options));
    const world = (await prepare?.(started)) ?? started;
    const agent = await world.enrolAgent("gw1", ["--allow", "exec", ...flags], given);
    const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
    return new Trial(context, { world, agent, device: id, patience });
  }

  /** Starts the agent again as one that came to grief for the first time: neither safe mode nor a long pause before its next try is what most faults are about. */
  async startAgent(launch?: Launch): Promise<void> {
    for (const name of ["last-exit", "reconnect"]) await rm(join(this.agent.dataFolder, name), { force: true });
    this.agent.run(launch);
  }

  /** A program whose effect can be counted, and a command without any. */
  async giveWork(times: Times = {}): Promise<void> {
    await this.giveCounted({ runTimeout: 30, ...times });
    await this.give("ping", times);
  }

  /** A command of any kind; gives its job. */
  async give(kind: CommandKind, times: Times = {}): Promise<string> {
    if (kind === "exec") return this.giveCounted(times);
    if (kind === "script") return this.#giveScript(times);
    const given = harmless(kind, this.#given.length + 1);
    const { job } = await this.world.client.call("cpl/dm/job/create", { device: "gw1", kind, ...given, ...times });
    this.#given.push({ job: job.id, marker: undefined });
    return job.id;
  }

  endOf(job: string): Promise<Command> {
    return endOf(this.world, job);
  }

  async hasEnded(job: string): Promise<boolean> {
    const { commands } = await this.world.client.call("cpl/dm/job/find", { job });
    return commands.every(({ state }) => commandLife.isFinal(state));
  }

  /** A program that leaves its mark, and goes on with these words of a shell; gives its job. */
  async giveCounted(times: Times, then = "sleep 0.2; echo done") {
    const marker = `effect-${this.#given.length}`;
    const argv = ["sh", "-c", `echo ${marker} >> ${this.#effects}; ${then}`];
    const input = { device: "gw1", kind: "exec", arguments: { argv, maxOutputBytes: MOST_OUTPUT }, ...times } as const;
    const { job } = await this.world.client.call("cpl/dm/job/create", input);
    this.#given.push({ job: job.id, marker });
    return job.id;
  }

  async #giveScript(times: Times): Promise<string> {
    const marker = `effect-${this.#given.length}`;
    const given = { content: `echo "$1" >> ${this.#effects}`, arguments: [marker] };
    const input = { device: "gw1", kind: "script", arguments: given, ...times } as const;
    const { job } = await this.world.client.call("cpl/dm/job/create", input);
    this.#given.push({ job: job.id, marker });
    return job.id;
  }

  /** Waits until all work has ended and what was measured after this moment is stored, by a clock that is right; the time since then is the recovery. */
  async recovered(since = Date.now(), { isTimed = true } = {}): Promise<void> {
    await this.told(async () => {
      await this.allEnded();
      const isFresh = async () => (await this.latestAt()) > since;
      if (isTimed) await eventually(isFresh, "telemetry from after the fault", this.#patience);
    });
    this.#context.recorder.round();
    this.#context.recorder.recovered(Date.now() - since);
    await this.observe();
  }

  async allEnded(): Promise<void> {
    await eventually(
      async () => {
        const open = (await this.ends()).filter(({ state }) => !commandLife.isFinal(state));
        assert.deepEqual(
          open.map(({ kind, state }) => `${kind} is ${state}`),
          [],
        );
        return true;
      },
      "the end of every command",
      this.#patience,
    );
  }

  async areEnded(): Promise<boolean> {
    return (await this.ends()).every(({ state }) => commandLife.isFinal(state));
  }

  async latestAt(): Promise<number> {
    const { values } = await this.world.client.call("cpl/ta/latest", { device: "gw1" });
    return Math.max(0, ...values.map(({ at }) => at));
  }

  /** Number of the newest event. */
  async newest(): Promise<number> {
    return (await this.world.client.call("ia/event/list", { limit: 1 })).next;
  }

  /** How the device was seen since an event: `online`, `silent`, `offline` in their order. */
  async presences(after: number): Promise<readonly string[]> {
    const type = ["device.online", "device.silent", "device.offline"];
    const { events } = await this.world.client.call("ia/event/list", { after, type, limit: 500 });
    return events.filter(({ subject }) => subject === this.device).map((each) => each.type.replace("device.", ""));
  }

  async seen(...presences: readonly string[]): Promise<void> {
    await this.told(() => presenceOf(this.world, "gw1", presences, this.#patience).then(() => undefined));
  }

  /** Waits until the device is taken for two, and believes it again. */
  async doubted(): Promise<void> {
    const wait = () => eventually(() => this.#isDoubted(), "the device to be in quarantine");
    await this.told(() => wait().then(() => undefined));
    await this.believed();
  }

  /** Ends its quarantine, if it is in one, as somebody who has looked would. */
  async believed(): Promise<void> {
    if (await this.#isDoubted()) await this.world.client.call("cpl/dm/device/release", { device: "gw1" });
  }

  async #isDoubted(): Promise<boolean> {
    return (await this.world.client.call("cpl/dm/device/find", { device: "gw1" })).state === "quarantined";
  }

  /** Notes what both take now: a process that is killed takes its figures with it. */
  async observe(): Promise<void> {
    const { recorder } = this.#context;
    const { controlPlane } = this.world;
    recorder.memory("agent", await peakMemory(this.agent.pid));
    recorder.memory("control plane", await peakMemory(controlPlane.pid));
    recorder.disk("agent", await diskUse(this.agent.dataFolder));
    recorder.disk("control plane", await diskUse(controlPlane.dataFolder));
  }

  /** Stops both, and looks into their files; without records when these were damaged on purpose. */
  async settle({ withRecords = true } = {}): Promise<void> {
    const { controlPlane } = this.world;
    await this.observe();
    assert.equal(await this.agent.stop(), 0, `the agent stops well:\n${this.agent.output}`);
    assert.equal(await controlPlane.stop(), 0, `the control plane stops well:\n${controlPlane.output}`);

    await this.#settleCommands(await this.#storedEnds());
    const stored = await storedTelemetry(controlPlane.dataFolder);
    if (withRecords)
      this.#context.recorder.records(
        accountOf(await spooled(this.agent.dataFolder, "telemetry"), stored.get(this.device)),
      );
    const numbers = await eventNumbers(controlPlane.dataFolder);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => i + 1),
      "events are numbered without holes",
    );
  }

  /** The commands of all work given so far, in its order. */
  async ends(): Promise<readonly Command[]> {
    const found = this.#given.map(async ({ job }) => {
      const known = this.#ended.get(job);
      if (known !== undefined) return known;
      const [command] = (await this.world.client.call("cpl/dm/job/find", { job })).commands;
      assert.ok(command, `job ${job} has a command`);
      if (commandLife.isFinal(command.state)) this.#ended.set(job, command);
      return command;
    });
    return Promise.all(found);
  }

  /** Work that fails tells what both programs have written. */
  async told(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      const tail = (output: string) => output.split("\n").slice(-30).join("\n");
      const outputs = `agent:\n${tail(this.agent.output)}\ncontrol plane:\n${tail(this.world.controlPlane.output)}`;
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${outputs}`, { cause: error });
    });
  }

  /** What is stored in the end, and not what was answered before: an end is for good. */
  async #storedEnds(): Promise<readonly Command[]> {
    const stored = await storedCommands(this.world.controlPlane.dataFolder);
    return this.#given.map(({ job }) => {
      const command = stored.get(job);
      assert.ok(command, `job ${job} has a command`);
      return command;
    });
  }

  async #settleCommands(commands: readonly Command[]): Promise<void> {
    const ran = (await readFile(this.#effects, "utf8").catch(() => "")).trim().split("\n");
    const effectsOf = this.#given.map(({ marker }) => ran.filter((each) => each === marker).length);
    for (const [i, { kind, state, reason }] of commands.entries()) {
      assert.ok(state === "succeeded" || reason !== "", `a ${kind} that ${state} says why`);
      const isWithout = this.#given[i]?.marker !== undefined && state === "succeeded" && effectsOf[i] === 0;
      assert.ok(!isWithout, "what is said to have succeeded has had its effect");
      const isTooOld = this.#given[i]?.marker !== undefined && reason === "too-old";
      assert.ok(!isTooOld || effectsOf[i] === 0, `a ${kind} that is said to have come too late has had no effect`);
    }
    this.#context.recorder.commands({
      given: this.#given.length,
      ended: commands.filter(
        ({ state, reason }) => commandLife.isFinal(state) && (state === "succeeded" || reason !== ""),
      ).length,
      mostEffects: Math.max(0, ...effectsOf),
      ends: Object.fromEntries(
        [...new Set(commands.map(({ state }) => state))].map((state) => [
          state,
          commands.filter((each) => each.state === state).length,
        ]),
      ),
    });
  }
}
