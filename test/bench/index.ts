import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentProgram } from "../world/agent-program.ts";
import { eventually, startWorld } from "../world/world.ts";
import { useOf } from "./process-use.ts";
import { figure } from "./statistics.ts";
import type { Table } from "./table.ts";

const FILES = 100_000;
const PER_FOLDER = 500;
const PATIENCE = 1_200_000;

/** What a large directory takes of its device: to be read and told once, to be known again after a start, and one change in it. */
export async function index({ isShort }: { readonly isShort: boolean }): Promise<readonly Table[]> {
  delete process.env["NODE_EXTRA_CA_CERTS"];
  const files = isShort ? FILES / 10 : FILES;
  await using world = await startWorld();
  const folder = join(world.folder, "many");
  await fill(folder, files);
  const [first, last] = [nameOf(0), nameOf(files - 1)];
  await using agent = await world.enrolAgent("gw1", ["--source", `many=${folder}`]);
  const isSize = (name: string, bytes: number) => async () =>
    (await world.client.call("diml/dml/fmdm/data/find", { id: name })).bytes === bytes;
  const rows = [await row("read and told for the first time", agent, isSize(last, contentOf(files - 1).length))];

  await agent.stop();
  await writeFile(join(folder, last), "a word");
  agent.run();
  rows.push(await row("after a start, one file has changed meanwhile", agent, isSize(last, "a word".length)));

  await writeFile(join(folder, first), "a word");
  rows.push(await row("one file changes", agent, isSize(first, "a word".length)));
  return [
    {
      title: `index: a directory of ${figure(files)} small files in ${figure(files / PER_FOLDER)} folders`,
      columns: [
        "",
        "seconds until the catalogue knows",
        "CPU seconds of the agent",
        "resident MiB then",
        "of its own MiB",
      ],
      rows,
      notes: [
        "A real agent that measures five times a second, and a control plane beside it, which takes its part of the seconds.",
      ],
    },
  ];
}

const contentOf = (i: number) => `what was captured under the number ${i}`;
const nameOf = (i: number) => `capture-${1_000 + Math.floor(i / PER_FOLDER)}/${1_000_000 + i}.pcap`;

async function fill(folder: string, files: number): Promise<void> {
  for (let i = 0; i < files; i++) {
    const path = join(folder, nameOf(i));
    if (i % PER_FOLDER === 0) await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, contentOf(i));
  }
}

async function row(title: string, { pid }: AgentProgram, isKnown: () => Promise<boolean>): Promise<string[]> {
  const begun = performance.now();
  const before = await useOf(pid);
  await eventually(isKnown, `the catalogue: ${title}`, PATIENCE);
  const { cpu, resident, own } = await useOf(pid);
  const seconds = (performance.now() - begun) / 1_000;
  return [title, figure(seconds), figure((cpu - before.cpu) / 1_000), figure(resident), figure(own)];
}
