import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { presenceOf } from "../world/jobs.ts";
import { Program } from "../world/program.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { startCollectd } from "./collectd.ts";
import { identify } from "./mqtt-device.ts";
import { startNetdata } from "./netdata.ts";
import { useOf } from "./process-use.ts";
import { figure, quantile } from "./statistics.ts";
import type { Table } from "./table.ts";
import { canTellWireUse, wireUse } from "./wire-use.ts";

// In five minutes each device asks once whether its control plane still speaks for itself. It is looked at in parts, for the spread.
const PARTS = 5;
const PART = 60_000;
const WINDOW = PARTS * PART;
const SETTLED_AFTER = 150_000;
const MONTH = 30 * 24 * 3_600_000;
/** So much faster than a month has it does the frugal one measure and report here. */
const HASTE = 15;

const NORMAL = "normal: every 10 s";
const FRUGAL = `frugal, ${HASTE} times as fast`;
const BARE = "bare Node";
const BARE_CLIENT = "bare Node with mqtt.js and mutual TLS";
const SILENT = "the connection alone, checked every 5 min";
const HASTY =
  "--profile frugal --sample 4s --report 60s --resolution 60s --every filesystems=60s --every agent=60s".split(" ");
/** Flags by what the agents are called in the tables. */
const agents: Readonly<Record<string, readonly string[]>> = {
  [NORMAL]: ["--profile", "normal"],
  "normal, but every 1 s": ["--profile", "normal", "--sample", "1s", "--report", "10s"],
  "detailed: every 1 s, all sources": ["--profile", "detailed"],
  [FRUGAL]: HASTY,
  [SILENT]: ["--profile", "frugal", "--sample", "1h", "--report", "1h"],
};

/** What an agent at rest takes from the machine that it watches and from its line, beside a Node process that does nothing. */
export async function agent(): Promise<readonly Table[]> {
  // Every Node process would read its certificates and keep them.
  delete process.env["NODE_EXTRA_CA_CERTS"];
  await using world = await startWorld();
  await using open = new AsyncStack();
  const programs: (readonly [name: string, pid: number])[] = [];
  for (const [index, [name, flags]] of Object.entries(agents).entries())
    programs.push([name, open.use(await enrolled(world, `a${index}`, flags)).pid]);
  programs.push([BARE, open.use(await bareNode()).pid]);
  programs.push([BARE_CLIENT, open.use(await bareClient(world)).pid]);
  const collectd = await startCollectd(world.folder);
  if (collectd !== undefined) programs.push(["collectd: every 10 s", open.use(collectd).pid]);
  const netdata = await startNetdata(world.folder);
  if (netdata !== undefined) programs.push(["netdata: every 10 s", open.use(netdata).pid]);

  // What an agent and the control plane say once in the first minutes is not of every month's five minutes.
  await sleep(SETTLED_AFTER);
  const canTell = await canTellWireUse();
  const { mqtt: port } = world.controlPlane.ready.ports;
  const looks: Look[] = [];
  for (let part = 0; part <= PARTS; part++) {
    if (part > 0) await sleep(PART);
    const wire = new Map(canTell ? await wireUse(port) : []);
    if (canTell && netdata !== undefined) for (const [pid, bytes] of await wireUse(netdata.port)) wire.set(pid, bytes);
    if (collectd !== undefined) wire.set(collectd.pid, collectd.bytes());
    looks.push({
      use: new Map(await Promise.all(programs.map(async ([, pid]) => [pid, await useOf(pid)] as const))),
      wire,
    });
  }
  return [restTable(programs, looks), ...(canTell ? [wireTable(programs, looks)] : [])];
}

interface Look {
  readonly use: ReadonlyMap<number, Awaited<ReturnType<typeof useOf>>>;
  /** Bytes of its connection since it stands, by process. */
  readonly wire: ReadonlyMap<number, number>;
}

type Programs = readonly (readonly [name: string, pid: number])[];

function restTable(programs: Programs, looks: readonly Look[]): Table {
  const bare = programs.find(([name]) => name === BARE)?.[1] ?? 0;
  const missing = ["collectd", "netdata"].filter((peer) => !programs.some(([name]) => name.startsWith(peer)));
  const residentOf = (pid: number) => looks.at(-1)?.use.get(pid)?.resident ?? NaN;
  return {
    title: `agent: ${WINDOW / 1_000} s at rest`,
    columns: [
      "",
      "CPU % (median of minutes)",
      "resident MiB",
      "to bare Node",
      "of its own MiB",
      "processes started a minute",
    ],
    rows: programs
      .filter(([name]) => name !== FRUGAL)
      .map(([name, pid]) => {
        const cpu = parts(looks, ({ use }) => use.get(pid)?.cpu ?? NaN).map((each) => (each / PART) * 100);
        const [first, last] = [looks[0]?.use.get(pid), looks.at(-1)?.use.get(pid)];
        const faults = (last?.childFaults ?? NaN) - (first?.childFaults ?? NaN);
        return [
          name,
          `${figure(quantile(cpu, 0.5))} (${figure(Math.min(...cpu))}..${figure(Math.max(...cpu))})`,
          figure(residentOf(pid)),
          `${figure(residentOf(pid) / residentOf(bare))} ×`,
          figure(last?.own ?? NaN),
          faults === 0 ? "0" : `some (${figure(faults)} page faults)`,
        ];
      }),
    notes: [
      `CPU of one core; the kernel counts in steps of 10 ms, here ${figure((10 / PART) * 100)} %. A child process that ended in the window would show by its page faults.`,
      ...missing.map((peer) => `${peer} is not installed here: apt install ${peer}-core, and it stands in this table.`),
    ],
  };
}

function wireTable(programs: Programs, looks: readonly Look[]): Table {
  const pidOf = (name: string) => programs.find(([each]) => each === name)?.[1] ?? 0;
  const rates = (pid: number) =>
    parts(looks, ({ wire }) => wire.get(pid) ?? NaN).map((bytes) => (bytes / PART) * MONTH);
  const total = (pid: number) => rates(pid).reduce((sum, each) => sum + each, 0) / PARTS;
  const silent = total(pidOf(SILENT));
  const row = (name: string, perMonth: number, spread: readonly number[]) => [
    name,
    megabytes(perMonth),
    `${megabytes(Math.min(...spread))}..${megabytes(Math.max(...spread))}`,
    megabytes(perMonth - silent),
  ];
  const own = programs.filter(([name]) => Object.hasOwn(agents, name) && name !== FRUGAL);
  const others = programs.filter(([name]) => /^(collectd|netdata)/.test(name));
  const frugal = rates(pidOf(FRUGAL)).map((each) => silent + (each - silent) / HASTE);
  const frugalTotal = silent + (total(pidOf(FRUGAL)) - silent) / HASTE;
  return {
    title:
      "agent: megabytes (of 10⁶ bytes) a month of 30 days on the wire, both ways, mutual TLS, with the headers of TCP and IPv4",
    columns: ["", "a month", "by the minutes' rates", "without the connection alone"],
    rows: [
      ...own.map(([name, pid]) => row(name, total(pid), rates(pid))),
      row("frugal: every 1 min, one row and one report for 15 min", frugalTotal, frugal),
      ...others.map(([name, pid]) => [
        `${name}, ${name.startsWith("collectd") ? "UDP" : "Graphite's text over TCP"} without encryption or answer`,
        megabytes(total(pid)),
        "",
        "",
      ]),
    ],
    notes: [
      `Of ${WINDOW / 1_000} s on a connection that stands, as the kernel counts its segments (ss -ti); connecting costs about 6 kB each time. ` +
        `The frugal one ran ${HASTE} times as fast, and of what it took beside the connection a ${HASTE}th is counted. ` +
        "On a line with small packets large reports need more segments than over loopback: 52 bytes for each 1,448.",
    ],
  };
}

const megabytes = (bytes: number) => figure(bytes / 1e6);

/** Growth of a number from look to look. */
const parts = (looks: readonly Look[], of: (look: Look) => number): readonly number[] =>
  looks.slice(1).map((look, part) => of(look) - of(looks[part] ?? look));

/** What was opened last is closed first. */
class AsyncStack implements AsyncDisposable {
  readonly #open: AsyncDisposable[] = [];

  use<T extends AsyncDisposable>(one: T): T {
    this.#open.push(one);
    return one;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.toReversed()) await each[Symbol.asyncDispose]();
  }
}

/** An agent whose start, with its inventory, is over. */
async function enrolled(world: World, name: string, flags: readonly string[]): Promise<Program> {
  const program = new Program({
    script: "agent/bin/edgemere-agent.js",
    args: ["enrol", "-", "--run", "--name", name, "--data", join(world.folder, name), ...flags],
    input: `${await world.controlPlane.enrolmentToken()}\n`,
  });
  await presenceOf(world, name, ["online"]);
  await eventually(async () => {
    const { inventory } = await world.client.call("cpl/dm/device/find", { device: name });
    return Object.keys(inventory).length > 0;
  }, `the inventory of ${name}`);
  return program;
}

interface Bare extends AsyncDisposable {
  readonly pid: number;
}

const bareNode = (): Promise<Bare> => started(["-e", "setInterval(() => {}, 1000)"], "");

/** It is not heard of again, as far as the control plane is concerned: it never says what it is. */
async function bareClient({ controlPlane }: World): Promise<Bare> {
  const identity = await identify(await controlPlane.enrolmentToken(), "bare");
  return started([join(import.meta.dirname, "bare-client.js")], JSON.stringify(identity));
}

async function started(args: readonly string[], input: string): Promise<Bare> {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(input);
  const exited = once(child, "exit");
  await once(child, "spawn");
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await exited;
    },
  };
}
