import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatToken, parseToken } from "@edgemere/protocol";
import { AgentProgram } from "../../world/agent-program.ts";
import { sha256Of, someContent } from "../../world/files.ts";
import { freePort } from "../../world/free-ports.ts";
import { eventually, startWorld, type World } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { ChaosProxy } from "../tools/chaos-proxy.ts";

const SIZE = 3 * 1024 ** 2;
const NAMES = ["gw1", "b1", "b2"] as const;
const SITE = "berlin";
/** Quick enough for many rounds, and slow enough to be met on the way. */
const SLOWLY = ["--bandwidth", "00:00-24:00=4MiB"];

/** Three agents with a directory each behind one line to the control plane's device API: data lies with the first, and is wanted by the others, which give it to each other. */
class Yard {
  readonly world: World;
  readonly line: ChaosProxy;
  readonly agents = new Map<string, AgentProgram>();
  #made = 0;

  private constructor(world: World, line: ChaosProxy) {
    this.world = world;
    this.line = line;
  }

  static async start(context: Context): Promise<Yard> {
    const world = context.own(await startWorld());
    const { client, folder, controlPlane } = world;
    const near = { host: "127.0.0.1", port: await freePort() };
    const far = { host: "127.0.0.1", port: controlPlane.ready.ports.deviceApi };
    const yard = new Yard(world, context.own(await ChaosProxy.listen(near, far, context.random)));
    for (const name of NAMES) {
      await mkdir(yard.folderOf(name));
      const takes = name === "gw1" ? [] : ["--source-takes", "data"];
      const gives = ["--neighbour-listen", `127.0.0.1:${await freePort()}`];
      const flags = ["--source", `data=${yard.folderOf(name)}`, ...takes, ...gives, ...SLOWLY];
      const agent = context.own(new AgentProgram({ dataFolder: join(folder, name), flags }));
      yard.agents.set(name, agent);
      const token = parseToken(await controlPlane.enrolmentToken());
      agent.enrol(formatToken({ ...token, server: `https://127.0.0.1:${near.port}` }), name);
      const isThere = async () =>
        (await client.call("cpl/dm/device/find", { device: name })).presence === "online" || undefined;
      await eventually(isThere, `${name} to come online`);
      if (name !== "gw1") await client.call("cpl/dm/device/label", { device: name, set: { site: SITE } });
    }
    return yard;
  }

  folderOf(name: string): string {
    return join(this.world.folder, `data-of-${name}`);
  }

  /** New data with the first, wanted by the others; gives the request's name and the content's hash. */
  async want(): Promise<{ readonly name: string; readonly hash: string }> {
    const { client } = this.world;
    const name = `evidence-${++this.#made}`;
    const content = someContent(SIZE, this.#made);
    await writeFile(join(this.folderOf("gw1"), name), content);
    const wish = { query: `name:${name}`, where: `site=${SITE}`, copies: 2 };
    const isPossible = async () => {
      assert.equal((await client.call("diml/plan", wish)).refusal, "");
      return true;
    };
    await eventually(isPossible, "the data to be known, and both to take it");
    await client.call("diml/find", { ...wish, name, lifetime: 86_400 });
    return { name, hash: sha256Of(content) };
  }

  explain(request: string) {
    return this.world.client.call("diml/dml/do/datarequest/explain", { request });
  }

  /** How far a request is, from 0 on; the last when all is ready. */
  async stepOf(request: string): Promise<number> {
    const { instances } = await this.explain(request);
    if (instances.length > 0 && instances.every(({ state }) => state === "ready")) return STEPS;
    if (instances.some(({ state }) => state === "ready")) return 4;
    const parts = await Promise.all(["b1", "b2"].map(async (name) => readdir(this.folderOf(name))));
    if (parts.flat().some((each) => each.endsWith(".part"))) return 3;
    const { items } = await this.world.client.call("cpl/dm/file/list", { limit: 1 });
    if (items.some(({ received, state }) => state === "uploading" && received > 0)) return 2;
    return instances.length > 0 ? 1 : 0;
  }

  async kill(name: string): Promise<void> {
    const agent = this.agents.get(name);
    await agent?.kill();
    // As one that came to grief for the first time: long pauses are not what this is about.
    for (const each of ["last-exit", "reconnect"]) await rm(join(agent?.dataFolder ?? "", each), { force: true });
    agent?.run();
  }

  async end(): Promise<void> {
    for (const agent of this.agents.values()) await agent.kill();
    await this.world.controlPlane.kill();
  }

  /** Throws where something under its name is not the content that its name tells of. */
  async assertWhole(): Promise<void> {
    for (const name of ["b1", "b2"])
      for (const file of await readdir(this.folderOf(name))) {
        if (file.endsWith(".part")) continue;
        const hash = sha256Of(await readFile(join(this.folderOf(name), file)));
        assert.ok(file.startsWith(hash.slice(0, 16)), `${file} on ${name} is half a file`);
      }
  }
}
const STEPS = 5;
/** A device that came and went more than five times in ten minutes flaps, and nothing is brought to it until it has calmed. */
const ROUNDS_OF_A_YARD = 2;

const faults: readonly { readonly what: string; inflict(yard: Yard): Promise<void> }[] = [
  { what: "the holder is killed", inflict: (yard) => yard.kill("gw1") },
  { what: "one that fetches is killed", inflict: (yard) => yard.kill("b1") },
  { what: "the one beside it is killed", inflict: (yard) => yard.kill("b2") },
  { what: "the line is cut", inflict: async ({ line }) => line.cut() },
  {
    what: "the control plane is killed",
    inflict: async ({ world: { controlPlane } }) => {
      await controlPlane.kill();
      await controlPlane.start();
    },
  },
];

/** The same in an order by chance. */
const drawn = <T>(all: readonly T[], { random }: Context): readonly T[] =>
  all
    .map((each) => ({ each, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each);

/** In each round everything that has a part in it dies, one at each step, in an order that is drawn; what must be true afterwards is always the same. */
async function diedOnTheWay(context: Context): Promise<void> {
  let yard = await Yard.start(context);
  const met: string[] = [];
  for (let round = 0; round < context.rounds; round++) {
    if (round > 0 && round % ROUNDS_OF_A_YARD === 0) {
      await yard.end();
      yard = await Yard.start(context);
    }
    const { name, hash } = await yard.want();
    for (const [step, fault] of drawn(faults, context).entries()) {
      const reached = await eventually(async () => {
        const now = await yard.stepOf(name);
        return now >= step ? { now } : undefined;
      }, `step ${step} of ${name}`);
      await fault.inflict(yard);
      met.push(`${fault.what} at step ${reached.now}`);
      await yard.assertWhole();
    }
    const since = Date.now();

    await eventually(
      async () => (await yard.explain(name)).request.state === "satisfied" && (await yard.stepOf(name)) === STEPS,
      `both to have ${name}`,
    );
    const { instances, reservations } = await yard.explain(name);
    assert.deepEqual([instances.length, reservations.map(({ state }) => state)], [2, ["confirmed", "confirmed"]]);
    assert.ok(instances.every((each) => each.hash === hash));
    await yard.assertWhole();
    const isFree = async () => {
      const { items } = await yard.world.client.call("diml/dml/fmdm/datasource/list", {});
      return items.every(({ reservedBytes, placingBytes }) => reservedBytes + placingBytes === 0);
    };
    await eventually(isFree, "no room to be held any more");
    for (const each of ["b1", "b2"])
      assert.deepEqual(
        (await readdir(yard.folderOf(each))).filter((file) => file.endsWith(".part")),
        [],
      );
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
  }
  context.recorder.note(met.slice(0, faults.length).join(", "));
}

export const dataMoves: readonly Scenario[] = [
  {
    id: "F76",
    title: "kill -9 of holder, taker, neighbour and control plane, and a cut line, while data is on its way",
    layer: 3,
    rounds: { short: 1, full: 60 },
    run: diedOnTheWay,
  },
];
