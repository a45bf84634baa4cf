import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Program } from "../../world/program.ts";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { cutOff, turned, type Damage } from "../tools/damage.ts";
import { Trial } from "../trial.ts";

async function damagedFiles(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { agent } = trial;
  const { client } = trial.world;
  const instants = async (from: number) => {
    const metric = ["cpu.busy_percent"];
    const { series } = await client.call("cpl/ta/history", { device: "gw1", metric, from, points: 10_000 });
    return series.flatMap((each) => each.at);
  };
  const told = new Set<string>();
  for (let round = 0; round < context.rounds; round++) {
    const from = Date.now();
    await trial.giveWork();
    await trial.allEnded();
    await agent.kill();
    const before = await instants(from);
    const isTurned = round % 2 === 0;
    await damage(await filesOf(agent.dataFolder), isTurned ? turned : cutOff, context);
    const since = Date.now();
    await trial.startAgent();
    await agent.said(/"connected"/);
    // An end that is cut off looks like a write that never was; any other damage is found, and told.
    if (isTurned) {
      const conditions = async () => (await client.call("cpl/dm/device/find", { device: "gw1" })).conditions ?? [];
      const isTold = async () => (await conditions()).includes("journal-set-aside");
      await trial.told(() => eventually(isTold, "the damage to be told").then(() => undefined));
      for (const each of await conditions()) told.add(each);
    }
    // Who has lost the end of what was told is taken for a copy.
    await trial.believed();
    await trial.giveWork();
    await trial.recovered(since);
    const after = new Set(await instants(from));
    assert.deepEqual(
      before.filter((each) => !after.has(each)),
      [],
      "what was stored before the damage stays",
    );
    const { streams } = await client.call("cpl/dm/device/accounting", { device: "gw1" });
    assert.ok(
      streams.every(({ missing }) => missing === 0),
      "every number is received or explained",
    );
  }
  context.recorder.note(`told as ${[...told].toSorted().join(", ")}`);
  // What a damaged file held and nobody had heard is gone for good: only the commands are settled.
  await trial.settle({ withRecords: false });
}

/** Journal and spool, but not who the device is. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((each) => each.isFile() && /(commands|spool\/\w+)$/.test(each.parentPath))
    .map((each) => join(each.parentPath, each.name));
}

async function damage(files: readonly string[], done: Damage, { random }: Context): Promise<void> {
  for (const file of files) {
    const content = await readFile(file);
    if (content.length === 0) continue;
    await done(file, content, Math.floor(random.next() * content.length), Math.floor(random.next() * 8));
  }
}

/** Each byte of each file turned, and each file cut off at each byte. LevelDB may end the process that looks: that is no data either. */
async function damagedStore({ folder, isFull, recorder }: Context): Promise<void> {
  const counts = new Map<string, number>();
  const stride = isFull ? 1 : 37;
  for (let next: number | undefined = 0; next !== undefined;) {
    await using program = new Program({
      script: "test/dist/faults/tools/store-program.js",
      args: [folder, String(stride), String(next)],
    });
    const isOver = (await program.ended()) === 0;
    const looks = [...program.stdout.matchAll(/^(\d+) (.*)$/gm)];
    for (const [, , found = ""] of looks) counts.set(found, (counts.get(found) ?? 0) + 1);
    const at: number = Number(looks.at(-1)?.[1] ?? next - 1) + 1;
    assert.ok(isOver || program.endedBy === "SIGABRT", program.output);
    if (!isOver) counts.set(ENDED, (counts.get(ENDED) ?? 0) + 1);
    next = isOver ? undefined : at + 1;
  }
  for (const count of counts.values()) for (let i = 0; i < count; i++) recorder.round();
  recorder.note([...counts].map(([found, count]) => `${found}: ${count}`).join(", "));
}

const ENDED = "ended by LevelDB";

export const damages: readonly Scenario[] = [
  {
    id: "F36",
    title: "journal and spool damaged: a bit turned, an end cut off",
    layer: 3,
    rounds: { short: 4, full: 200 },
    run: damagedFiles,
  },
  {
    id: "F36b",
    title: "store damaged: each byte turned, cut off at each byte",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: damagedStore,
  },
];
