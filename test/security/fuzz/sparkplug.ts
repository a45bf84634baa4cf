import { readFile } from "node:fs/promises";
import { EdgeNodeClient, number, topicOf } from "../../world/edge-node.ts";
import { freePort } from "../../world/free-ports.ts";
import { eventually, startWorld, type World } from "../../world/world.ts";
import type { Area, Run } from "./area.ts";
import { chanceOf } from "./chance.ts";
import { sparkplugMessages, type SparkplugMessage } from "./sparkplug-messages.ts";
import { accepted, count, emptyAccount, finding, refused, type Account, type Verdict } from "./tally.ts";
import { watchHealth } from "./watch-health.ts";

const CONNECTIONS = 80;
const MESSAGES = 40;
/** Each lane has edge nodes of its own, since one that comes twice takes its own place. */
const [LANES, NODES_OF_ONE] = [6, 10];
/** An answer, or an end, is there by then. */
const PATIENCE = 30_000;
const GROWN_AT_MOST = 300;

interface Given {
  readonly userName: string;
  readonly password: string;
  readonly device: string;
}

interface Target extends AsyncDisposable {
  readonly world: World;
  readonly where: { readonly port: number; readonly root: string };
  readonly nodes: readonly Given[];
  readonly neighbour: EdgeNodeClient;
}

/** What edge nodes of a third party never should say, to a real control plane, while another one works beside. */
export const sparkplug: Area = {
  name: "sparkplug",
  run: async (run: Run) => {
    await using target = await startTarget(LANES * NODES_OF_ONE);
    const { world } = target;
    const account = emptyAccount();
    const before = await mebibytes(world);
    const watch = watchHealth(world.baseUrl);
    await eachConnection(run, target, account);
    account.notes.push(await watch.end());
    for (const what of await wrongs(target, before, account)) account.findings.push({ what, input: "all" });
    return account;
  },
  replay: async (inputs) => {
    await using target = await startTarget(1);
    const [node] = target.nodes;
    const verdicts: Verdict[] = [];
    for (const input of inputs) verdicts.push(await said(target, node!, input as readonly SparkplugMessage[]));
    return verdicts;
  },
};

async function startTarget(count: number): Promise<Target> {
  const port = await freePort();
  const flags = ["--sparkplug-port", String(port), "--sparkplug-host", "127.0.0.1"];
  const world = await startWorld({ controlPlane: { flags } });
  const declare = (name: string) => world.client.call("cpl/dm/edgenode/declare", { group: "Plant", node: name, name });
  const nodes: Given[] = [];
  for (let number = 0; number < count; number++) nodes.push(await declare(`fuzz-${number}`));
  const where = { port, root: world.controlPlane.ready.root };
  const neighbour = await EdgeNodeClient.connect(where, await declare("neighbour"));
  await neighbour.birth(number("a", 1));
  return {
    world,
    where,
    nodes,
    neighbour,
    [Symbol.asyncDispose]: async () => {
      await neighbour[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

async function eachConnection({ seed, times, only }: Run, target: Target, account: Account): Promise<void> {
  const to = only === undefined ? Math.round(CONNECTIONS * times) : only + 1;
  let next = only ?? 0;
  const worker = async (lane: number) => {
    const own = target.nodes.filter((_, i) => i % LANES === lane);
    while (next < to) {
      const number = next++;
      const messages = sparkplugMessages(chanceOf(seed, number), MESSAGES);
      const startedAt = performance.now();
      const verdict = await said(target, own[number % own.length]!, messages);
      const taken = performance.now() - startedAt;
      for (const _ of messages.slice(1)) count(account, verdict.kind === "finding" ? accepted : verdict, undefined);
      count(account, verdict, messages, taken);
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, lane) => worker(lane)));
}

/** All was read, which the answer to the last message proves, or the connection was ended: nothing may stand still. */
async function said({ where }: Target, given: Given, messages: readonly SparkplugMessage[]): Promise<Verdict> {
  const node = await EdgeNodeClient.connect(where, given).catch(() => undefined);
  if (node === undefined) return refused("not let in");
  await using _ = node;
  const all = async () => {
    for (const { word, device, hex } of messages)
      await node.publish(topicOf(given.userName, word, device), Buffer.from(hex, "hex"));
    await node.publish(topicOf(given.userName, "NDATA"), Buffer.alloc(0), 1);
    return accepted;
  };
  const ended = node.closed.then(() => refused("connection ended"));
  const late = new Promise<Verdict>((resolve) => {
    const timer = setTimeout(() => resolve(finding("was neither answered nor ended")), PATIENCE);
    void node.closed.then(() => clearTimeout(timer));
  });
  return await Promise.race([all().catch(() => ended), ended, late]);
}

async function mebibytes({ controlPlane }: World): Promise<number> {
  const status = await readFile(`/proc/${controlPlane.pid}/status`, "utf8").catch(() => "");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
}

async function wrongs(
  { world, neighbour, nodes }: Target,
  before: number,
  account: Account,
): Promise<readonly string[]> {
  const { client, controlPlane } = world;
  if (!controlPlane.isRunning) return [`the control plane ended: ${controlPlane.output.slice(-1_500)}`];
  const after = await mebibytes(world);
  account.notes.push(`the control plane grew from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`);
  const { refusals } = await client.call("cpl/dm/session/refusals");
  account.notes.push(`counted by the control plane: ${JSON.stringify(refusals)}`);
  const failures = controlPlane.output.split("\n").filter((line) => /"level":(50|60)/.test(line));
  return [
    ...(after - before > GROWN_AT_MOST ? [`it grew by more than ${GROWN_AT_MOST} MiB`] : []),
    ...(account.inputs > MESSAGES && Object.keys(refusals).length === 0 ? ["nothing was counted as refused"] : []),
    ...("failed" in refusals ? ["the control plane itself failed on a message"] : []),
    ...failures.slice(0, 3).map((line) => `its log tells of a failure: ${line}`),
    ...(await unheard(world, neighbour)),
    ...(await booksOf(world, nodes)),
  ];
}

/** Who works beside is heard as ever. */
async function unheard({ client }: World, neighbour: EdgeNodeClient): Promise<readonly string[]> {
  await neighbour.say("NDATA", [number("a", 2)]);
  const isHeard = async () => {
    const { values } = await client.call("cpl/ta/latest", { device: "neighbour" });
    return values.some(({ metric, value }) => metric === "a" && value === 2);
  };
  return eventually(isHeard, "the edge node beside").then(
    () => [],
    () => ["the edge node beside was not heard any more"],
  );
}

/** Each record of each stream is stored, or something stands for it. */
async function booksOf({ client }: World, nodes: readonly Given[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { device, userName } of nodes) {
    const { streams } = await client.call("cpl/dm/device/accounting", { device });
    for (const { stream, missing } of streams)
      if (missing !== 0) wrong.push(`${userName}/${stream}: ${missing} records are neither stored nor explained`);
  }
  return wrong.slice(0, 3);
}
