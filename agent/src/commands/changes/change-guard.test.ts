import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND, silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import type { Host, ProgramResult, Script } from "../../host/host.ts";
import type { KeptFile } from "../../host/kept-file.ts";
import { ChangeGuard } from "./change-guard.ts";
import type { ChangeOutcome } from "./pending-change.ts";
import type { WantedChange } from "./wanted-change.ts";

const START = 1_767_225_600_000;
const WITHIN = 60 * SECOND;

/** A machine with a network that scripts can cut: `cut` and `mend` do it at once, `FILE=cut` at the next start; `fail` and `hang` do nothing well. */
class Machine {
  readonly clock = new ManualClock(START);
  readonly files = new Map<string, string>();
  readonly scripts: string[] = [];
  boots = 1;
  /** How many sessions there were, or tries for one. */
  sessions = 0;
  isCut = false;
  #bootedAt = 0;

  get host(): Host {
    return {
      uptime: () => this.clock.monotonic() - this.#bootedAt,
      runScript: (script: Script) => this.#run(script),
      killMarked: async () => 0,
      keepFiles: async (paths: readonly string[]) => paths.map((path) => this.#kept(path)),
      putBackFiles: async (files: readonly KeptFile[]) => {
        for (const { path, content } of files)
          if (content === undefined) this.files.delete(path);
          else this.files.set(path, Buffer.from(content).toString());
      },
    } as unknown as Host;
  }

  /** What holds until the next start is gone; what stands in files comes into force. */
  boot(): void {
    this.boots += 1;
    this.#bootedAt = this.clock.monotonic();
    this.isCut = [...this.files.values()].includes("cut");
  }

  #kept(path: string): KeptFile {
    const text = this.files.get(path);
    return { path, ...(text !== undefined && { content: Buffer.from(text) }) };
  }

  async #run({ content, signal }: Script): Promise<ProgramResult> {
    const text = Buffer.from(content).toString();
    const [, path, value] = /^(.+)=(.+)$/.exec(text) ?? [];
    this.scripts.push(text);
    if (text === "cut" || text === "mend") this.isCut = text === "cut";
    if (path !== undefined && value !== undefined) this.files.set(path, value);
    if (text === "hang") await this.clock.sleep(1_000 * SECOND, signal);
    const counted = { outputBytes: 0, droppedBytes: 0 };
    return signal?.aborted
      ? { endedBySignal: "SIGKILL", ...counted }
      : { exitCode: text === "fail" ? 3 : 0, ...counted };
  }
}

/** An agent on it that connects whenever it can. */
async function anAgent(machine: Machine, disk: Disk) {
  const env = { clock: machine.clock, disk, random: seededRandom(1), log: silentLog };
  const guard = await ChangeGuard.open({ env, host: machine.host, boot: `boot-${machine.boots}` });
  const connect = () => {
    machine.sessions += 1;
    if (!machine.isCut) guard.established(machine.sessions);
  };
  const start = async () => {
    await guard.start({
      get epoch() {
        return machine.sessions;
      },
      comeBack: connect,
    });
    connect();
  };
  return { guard, start };
}

const aChange = (apply: string, more: Partial<WantedChange> = {}): WantedChange => ({
  command: "c1",
  within: WITHIN,
  apply: Buffer.from(apply),
  revert: Buffer.from("mend"),
  files: [],
  maxOutputBytes: 100,
  onOutput: () => {},
  ...more,
});

const running = () => new AbortController().signal;

/** The outcome, after so much time. */
async function after(machine: Machine, outcome: Promise<ChangeOutcome | undefined>, ms: number) {
  await machine.clock.advance(ms);
  return Promise.race([outcome, Promise.resolve("open" as const)]);
}

test("a change with which a session begins stays, and nothing takes it back later", async () => {
  const machine = new Machine();
  const { guard, start } = await anAgent(machine, new SimulatedDisk());
  await start();

  const outcome = await after(machine, guard.carryOut(aChange("rate=slow"), running()), SECOND);
  await machine.clock.advance(10 * WITHIN);

  assert.ok(outcome !== "open" && outcome?.isKept);
  assert.deepEqual([machine.files.get("rate"), machine.scripts], ["slow", ["rate=slow"]]);
  await guard[Symbol.asyncDispose]();
});

test("a change that cuts the device off is taken back when its time is over, and the device comes back", async () => {
  const machine = new Machine();
  const { guard, start } = await anAgent(machine, new SimulatedDisk());
  await start();
  const outcome = guard.carryOut(aChange("cut"), running());

  assert.equal(await after(machine, outcome, WITHIN - SECOND), "open");
  assert.equal(machine.isCut, true);
  assert.deepEqual(await after(machine, outcome, 2 * SECOND), {
    isKept: false,
    reason: "reverted",
    detail: "no session began with the change within 60 s. It was taken back",
    ended: { exitCode: 0, outputBytes: 0, droppedBytes: 0 },
  });
  assert.equal(machine.isCut, false);
  await guard[Symbol.asyncDispose]();
});

test("a session that began before the change was made does not confirm it", async () => {
  const machine = new Machine();
  const { guard, start } = await anAgent(machine, new SimulatedDisk());
  await start();
  const outcome = guard.carryOut(aChange("cut"), running());
  await machine.clock.advance(SECOND);

  guard.established(1);

  assert.equal(await after(machine, outcome, SECOND), "open");
  const found = await after(machine, outcome, WITHIN);
  assert.ok(found !== "open" && found?.isKept === false);
  await guard[Symbol.asyncDispose]();
});

for (const [what, apply, reason, detail] of [
  ["that fails", "fail", "failed", /^apply ended with exit code 3\. It was taken back$/],
  ["that never ends", "hang", "failed", /^it was not made within 60 s\. It was taken back$/],
] as const) {
  test(`a change ${what} is taken back at once, and says so`, async () => {
    const machine = new Machine();
    machine.files.set("/etc/net", "old");
    const { guard, start } = await anAgent(machine, new SimulatedDisk());
    await start();

    const outcome = await after(
      machine,
      guard.carryOut(aChange(apply, { files: ["/etc/net"] }), running()),
      WITHIN + SECOND,
    );

    assert.ok(outcome !== "open" && outcome !== undefined && !outcome.isKept);
    assert.equal(outcome.reason, reason);
    assert.match(outcome.detail, detail);
    assert.deepEqual([machine.files.get("/etc/net"), machine.scripts], ["old", [apply, "mend"]]);
    await guard[Symbol.asyncDispose]();
  });
}

test("a change whose way back fails says what went wrong, and has its files back all the same", async () => {
  const machine = new Machine();
  const { guard, start } = await anAgent(machine, new SimulatedDisk());
  await start();
  const change = aChange("cut", { revert: Buffer.from("fail"), files: ["/etc/net"] });

  const outcome = await after(machine, guard.carryOut(change, running()), WITHIN + SECOND);

  assert.ok(outcome !== "open" && outcome !== undefined && !outcome.isKept);
  assert.match(outcome.detail, /It was taken back, but revert ended with exit code 3/);
  await guard[Symbol.asyncDispose]();
});

test("a change whose command is cancelled is taken back at once", async () => {
  const machine = new Machine();
  const { guard, start } = await anAgent(machine, new SimulatedDisk());
  await start();
  const stop = new AbortController();
  const outcome = guard.carryOut(aChange("cut"), stop.signal);
  await machine.clock.advance(SECOND);

  stop.abort("cancelled");

  const found = await after(machine, outcome, SECOND);
  assert.ok(found !== "open" && found !== undefined && !found.isKept);
  assert.match(found.detail, /^its command was ended: cancelled\. It was taken back/);
  assert.equal(machine.isCut, false);
  await guard[Symbol.asyncDispose]();
});

test("two changes are not under way at one moment", async () => {
  const machine = new Machine();
  const { guard, start } = await anAgent(machine, new SimulatedDisk());
  await start();
  const first = guard.carryOut(aChange("cut"), running());
  await machine.clock.advance(SECOND);

  await assert.rejects(guard.carryOut(aChange("cut", { command: "c2" }), running()), /of command c1 is not confirmed/);

  await after(machine, first, WITHIN);
  await guard[Symbol.asyncDispose]();
});

test("an agent that starts again in time lets a change go on waiting, and its session confirms it", async () => {
  const machine = new Machine();
  const disk = new SimulatedDisk();
  const first = await anAgent(machine, disk);
  await first.start();
  void first.guard.carryOut(aChange("cut", { files: ["/etc/net"] }), running());
  await machine.clock.advance(SECOND);
  await first.guard[Symbol.asyncDispose]();
  disk.cutPower(seededRandom(1));
  await machine.clock.advance(WITHIN / 2);
  machine.isCut = false;

  const second = await anAgent(machine, disk);
  await second.start();

  const outcome = await after(machine, second.guard.outcomeOf("c1", running()), SECOND);
  assert.ok(outcome !== "open" && outcome?.isKept);
  assert.deepEqual(machine.scripts, ["cut"]);
  await second.guard[Symbol.asyncDispose]();
});

test("an agent that starts again too late takes the change back at once", async () => {
  const machine = new Machine();
  const disk = new SimulatedDisk();
  const first = await anAgent(machine, disk);
  await first.start();
  void first.guard.carryOut(aChange("cut"), running());
  await machine.clock.advance(SECOND);
  await first.guard[Symbol.asyncDispose]();
  await machine.clock.advance(WITHIN);

  const second = await anAgent(machine, disk);
  await second.start();
  await machine.clock.advance(SECOND);

  assert.equal(machine.isCut, false);
  await second.guard[Symbol.asyncDispose]();
});

test("a change that stands in files is taken back when the machine was started anew twice without a session", async () => {
  const machine = new Machine();
  const disk = new SimulatedDisk();
  let agent = await anAgent(machine, disk);
  await agent.start();
  void agent.guard.carryOut(
    aChange("/etc/net=cut", { revert: undefined, files: ["/etc/net"], within: 600 * SECOND }),
    running(),
  );
  machine.isCut = true;
  await machine.clock.advance(SECOND);
  const startAnew = async () => {
    await agent.guard[Symbol.asyncDispose]();
    disk.cutPower(seededRandom(1));
    machine.boot();
    agent = await anAgent(machine, disk);
    await agent.start();
    await machine.clock.advance(SECOND);
  };

  await startAnew();
  assert.deepEqual([machine.isCut, machine.files.get("/etc/net")], [true, "cut"]);
  await startAnew();
  assert.equal(machine.files.has("/etc/net"), false);
  await startAnew();
  assert.equal(machine.isCut, false);
  const outcome = await agent.guard.outcomeOf("c1", running());
  assert.ok(outcome !== undefined && !outcome.isKept);
  await agent.guard[Symbol.asyncDispose]();
});

test("wherever the power is cut, the device is reachable again, and it is known what became of the change", async () => {
  let cuts = 0;
  for (let step = 0; ; step++) {
    const machine = new Machine();
    const disk = new SimulatedDisk();
    let left = step;
    const cutting = {
      read: (path: string) => disk.read(path),
      write: async (path: string, content: Uint8Array) => {
        if (left === 0) return new Promise<void>(() => {});
        left -= 1;
        await disk.write(path, content);
      },
    } as unknown as Disk;
    const first = await anAgent(machine, cutting);
    await first.start();
    void first.guard
      .carryOut(aChange("/etc/net=cut", { revert: undefined, files: ["/etc/net"] }), running())
      .catch(() => {});
    machine.isCut = true;
    await machine.clock.advance(2 * WITHIN);
    if (left > 0) break;
    cuts += 1;
    disk.cutPower(seededRandom(1));
    machine.boot();

    const second = await anAgent(machine, disk);
    await second.start();
    await machine.clock.advance(2 * WITHIN);
    machine.boot();

    assert.equal(machine.isCut, false, `after the cut at step ${step}`);
    const outcome = await second.guard.outcomeOf("c1", running());
    const isMade = machine.scripts.length > 0;
    assert.equal(outcome?.isKept, isMade ? false : undefined, `after the cut at step ${step}`);
    await second.guard[Symbol.asyncDispose]();
  }
  // Before each of the four writes, and after the last.
  assert.equal(cuts, 5);
});
