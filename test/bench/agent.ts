import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { presenceOf } from "../world/jobs.ts";
import { Program } from "../world/program.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { useOf } from "./process-use.ts";
import { figure } from "./statistics.ts";
import type { Table } from "./table.ts";

const WINDOW = 15_000;

interface Measured {
  readonly name: string;
  readonly pid: number;
}

/** What an agent at rest takes from the machine that it watches, beside a Node process that does nothing. */
export async function agent(): Promise<readonly Table[]> {
  await using world = await startWorld();
  await using everySecond = await enrolled(world, "1s");
  await using everyTenSeconds = await enrolled(world, "10s");
  await using bare = await bareNode();
  const measured: readonly Measured[] = [
    { name: "agent, samples every 1 s", pid: everySecond.pid },
    { name: "agent, samples every 10 s", pid: everyTenSeconds.pid },
    { name: "bare Node", pid: bare.pid },
  ];

  const before = await Promise.all(measured.map(({ pid }) => useOf(pid)));
  await new Promise((resolve) => setTimeout(resolve, WINDOW));
  const after = await Promise.all(measured.map(({ pid }) => useOf(pid)));

  const rest = after.at(-1);
  return [
    {
      title: `agent: ${WINDOW / 1_000} s at rest`,
      columns: ["", "CPU %", "resident MiB", "to bare Node", "of its own MiB", "child processes"],
      rows: measured.map(({ name }, i) => {
        const [from, to] = [before[i], after[i]];
        if (from === undefined || to === undefined) return [name];
        const faults = to.childFaults - from.childFaults;
        return [
          name,
          figure(((to.cpu - from.cpu) / WINDOW) * 100),
          figure(to.resident),
          `${figure(to.resident / (rest?.resident ?? NaN))} ×`,
          figure(to.own),
          faults === 0 ? "none" : `some (${figure(faults)} page faults)`,
        ];
      }),
      notes: [
        `CPU of one core; the kernel counts in steps of 10 ms, here ${figure((10 / WINDOW) * 100)} %. Reports go out every 10 s. ` +
          "A child process that ended in the window would show by its page faults.",
      ],
    },
  ];
}

/** An agent whose start, with its inventory, is over. */
async function enrolled(world: World, sampleEvery: string): Promise<Program> {
  const name = `every-${sampleEvery}`;
  const program = new Program({
    script: "agent/bin/edgemere-agent.js",
    args: [
      "enrol",
      "-",
      "--run",
      "--name",
      name,
      "--data",
      join(world.folder, name),
      "--sample",
      sampleEvery,
      "--report",
      "10s",
    ],
    input: `${await world.controlPlane.enrolmentToken()}\n`,
  });
  await presenceOf(world, name, ["online"]);
  await eventually(async () => {
    const { inventory } = await world.client.call("cpl/dm/device/find", { device: name });
    return Object.keys(inventory).length > 0;
  }, `the inventory of ${name}`);
  return program;
}

async function bareNode(): Promise<AsyncDisposable & { readonly pid: number }> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
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
