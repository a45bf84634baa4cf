import { figure, spread } from "../statistics.ts";
import { useOf } from "../process-use.ts";
import type { Database } from "./databases.ts";

/** The same question in the words of each. */
export interface Question {
  readonly title: string;
  readonly ours?: { readonly path: string; readonly input: object };
  readonly theirs: Readonly<
    Record<string, { readonly path: string; readonly question: Readonly<Record<string, string>> }>
  >;
}

interface Asked {
  readonly ask: (path: string, input: object) => Promise<unknown>;
  readonly databases: readonly Database[];
  readonly times: number;
}

export const questionColumns = (databases: readonly Database[]): readonly string[] => [
  "",
  "ours, ms",
  "CPU ms",
  ...databases.flatMap(({ name }) => [`${name}, ms`, "CPU ms"]),
];

export const questionNotes = (times: number): readonly string[] => [
  `Median (least..most) of ${times} times, one after another, after one that does not count, and the CPU time of one. Ours is asked straight at dispatch, up to the text of its answer; the databases over ` +
    "HTTP on the same machine: what that takes by itself is the last row. None of them may keep answers.",
];

/** A row of what an answer takes of each. */
export async function answered({ title, ours, theirs }: Question, { ask, databases, times }: Asked) {
  const row = [title];
  if (ours === undefined) row.push("", "");
  else row.push(...(await measured(process.pid, times, async () => JSON.stringify(await ask(ours.path, ours.input)))));
  for (const { name, pid, ask } of databases) {
    const own = theirs[name];
    if (own === undefined) row.push("", "");
    else row.push(...(await measured(pid, times, () => ask(own.path, own.question))));
  }
  return row;
}

// Shorter than this the answer holds nothing of what was asked for.
const SHORTEST = 100;

async function measured(pid: number, times: number, run: () => Promise<string>): Promise<readonly [string, string]> {
  await run();
  const taken: number[] = [];
  const before = await cpuOf(pid);
  let answer = "";
  for (let time = 0; time < times; time++) {
    const from = performance.now();
    answer = await run();
    taken.push(performance.now() - from);
  }
  const cpu = ((await cpuOf(pid)) - before) / times;
  // A database says "nothing" without an error where a question was put wrong.
  if (answer.includes('"result') && answer.length < SHORTEST)
    throw new Error(`there is nothing in the answer ${answer}`);
  return [spread(taken), figure(cpu)];
}

/** The kernel counts in steps of 10 ms; of ourselves we know better. */
async function cpuOf(pid: number): Promise<number> {
  if (pid !== process.pid) return (await useOf(pid)).cpu;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
