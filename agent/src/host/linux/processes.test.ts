import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { busiestPrograms } from "./busiest-programs.ts";
import { pageSize } from "./page-size.ts";
import { processCounts } from "./process-states.ts";
import { allProcesses, processStat, type ProcessStat } from "./process-stats.ts";

const aProcess = (more: Partial<ProcessStat>): ProcessStat => ({
  pid: 1,
  name: "init",
  state: "S",
  cpuTicks: 0,
  startedAt: 1,
  residentPages: 1,
  ...more,
});
const statText = (name: string) =>
  `42 (${name}) S 1 42 42 0 -1 4194560 1 2 3 4 70 30 7 8 20 0 5 0 900 1000000 250 18446744073709551615`;

test("/proc/PID/stat is read from its last bracket on, whatever the process calls itself", () => {
  const names = ["nginx", "a b", ") R 1 (", "((", "\n", "\u001b[2J"];

  assert.deepEqual(
    names.map((name) => processStat(statText(name))),
    names.map((name) => ({ pid: 42, name, state: "S", cpuTicks: 100, startedAt: 900, residentPages: 250 })),
  );
});

test("what is no stat of a process gives nothing", () => {
  const texts = ["", "42", "42 (a)", "42 (a) S 1", ") (", "x (a) S"];

  assert.deepEqual(
    texts.map(processStat),
    texts.map(() => undefined),
  );
});

test("processes are counted in all and by state, and a state without any is told as zero", () => {
  const counts = processCounts(["R", "S", "S", "t", "?"].map((state) => ({ state })));

  assert.deepEqual(
    Object.fromEntries(counts.map(({ metric, instance, value }) => [`${metric} ${instance}`.trim(), value])),
    {
      "processes.total_count": 5,
      "processes.state_count running": 1,
      "processes.state_count sleeping": 2,
      "processes.state_count waiting": 0,
      "processes.state_count idle": 0,
      "processes.state_count stopped": 1,
      "processes.state_count zombie": 0,
    },
  );
  assert.deepEqual(processCounts([]), []);
});

test("processes of one name are one program, and a new process of an old number is another one", () => {
  const tell = busiestPrograms(4_096);
  tell([aProcess({ name: "node", cpuTicks: 500 }), aProcess({ pid: 2, name: "node", cpuTicks: 900 })], 0);

  const readings = tell(
    [
      aProcess({ name: "node", cpuTicks: 700, residentPages: 10 }),
      aProcess({ pid: 2, name: "node", cpuTicks: 100, startedAt: 77, residentPages: 5 }),
    ],
    10_000,
  );

  assert.deepEqual(readings, [
    { metric: "program.cpu_percent", instance: "node", value: 30 },
    { metric: "program.resident_bytes", instance: "node", value: 15 * 4_096 },
  ]);
});

test("at most five programs are told by CPU and five by memory", () => {
  const tell = busiestPrograms(4_096);
  const processes = (ticks: number) =>
    Array.from({ length: 300 }, (_, pid) =>
      aProcess({ pid, name: `p${pid}`, cpuTicks: ticks * pid, residentPages: 300 - pid }),
    );
  tell(processes(0), 0);

  const readings = tell(processes(1), 1_000);

  const told = (metric: string) => readings.filter((each) => each.metric === metric).map(({ instance }) => instance);
  assert.deepEqual(told("program.cpu_percent"), ["p299", "p298", "p297", "p296", "p295"]);
  assert.deepEqual(told("program.resident_bytes"), ["p0", "p1", "p2", "p3", "p4"]);
});

test("a program that renames itself for ever makes no more than 65 series, and hidden characters are shown as such", () => {
  const tell = busiestPrograms(4_096);
  const instances = new Set<string>();

  for (let round = 0; round < 500; round++)
    for (const { instance } of tell([aProcess({ name: `evil\u202e\n${round}` })], round * 1_000))
      instances.add(instance);

  assert.equal(instances.size, 65);
  assert.ok(instances.has("other"));
  assert.ok(instances.has("evil\uFFFD\uFFFD0"));
});

test("the processes of this machine are seen, a child among them, and a page has a size that memory is made of", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  await once(child, "spawn");

  const pids = [...allProcesses()].map(({ pid }) => pid);
  child.kill();

  assert.ok(pids.includes(process.pid));
  assert.ok(pids.includes(child.pid ?? 0));
  assert.ok(Number.isInteger(Math.log2(pageSize())));
  assert.deepEqual([pageSize(""), pageSize("KernelPageSize:       16 kB\n")], [4_096, 16_384]);
});
