import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Identity } from "@edgemere/agent";
import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { connectAsync, type MqttClient } from "mqtt";
import { identify } from "../bench/mqtt-device.ts";
import { credentialsOf } from "../world/bare-device.ts";
import { ask, live } from "../world/faces.ts";
import { createJob, endOf, outputOf } from "../world/jobs.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { noSandbox, sandboxed } from "./sandbox.ts";

let world: World;
let identity: Identity;
before(async () => {
  world = await startWorld();
  identity = await identify(await world.controlPlane.enrolmentToken(), "gw1");
});
after(() => world[Symbol.asyncDispose]());

test("T21 there is no root helper: no address, call, command kind or topic asks for one", async () => {
  await everyDoorRefuses("sudo", "root", "helper", "privileged.exec");
});

test("T35 an agent that allows all it knows refuses a well signed command of a kind it does not know", async () => {
  const dangerous = (Object.keys(commandKinds) as CommandKind[]).filter((kind) => commandKinds[kind].dangerous);
  const allowed = dangerous.filter((kind) => kind !== "reboot").flatMap((kind) => ["--allow", kind]);
  const agent = await world.enrolAgent("knows-few", allowed);
  const ping = async () => endOf(world, await createJob(world, "knows-few", "ping"));
  assert.equal((await ping()).state, "succeeded");

  const preload = join(import.meta.dirname, "preloads/unknown-task.js");
  await world.controlPlane.stop();
  await world.controlPlane.start({ launch: { node: ["--import", preload] } });
  // Of a dangerous kind, so that it is signed by every key there is.
  const refused = await endOf(world, await createJob(world, "knows-few", "exec", { argv: ["true"] }));

  assert.deepEqual([refused.state, refused.reason], ["rejected", "unsupported"]);
  await world.controlPlane.stop();
  await world.controlPlane.start();
  assert.equal((await ping()).state, "succeeded");
  await agent.stop();
});

test("T21 T35 in the sandbox of its unit an agent works, and what it runs is not root, does not become it, and changes no program", async (t) => {
  const why = await noSandbox();
  if (why !== undefined) return t.skip(why);
  const dataFolder = join(world.folder, "boxed");
  const program = join(import.meta.dirname, "../../../agent/bin/edgemere-agent.js");
  const before = await hashOf(program);
  await world.enrolAgent("boxed", ["--allow", "exec"], { dataFolder, launch: await sandboxed(dataFolder) });
  const run = async (script: string) => {
    const job = await createJob(world, "boxed", "exec", { argv: ["sh", "-c", script] });
    const { state, reason } = await endOf(world, job);
    return { state, reason, ...(await outputOf(world, { job, state: "ended" })) };
  };

  const { stdout } = await run("id -u; grep -E '^(Cap(Eff|Prm|Bnd|Inh|Amb)|NoNewPrivs)' /proc/self/status");
  const [user, ...lines] = stdout.trim().split("\n");
  assert.notEqual(user, "0");
  assert.deepEqual(
    lines.filter((line) => !/^(Cap\w+:\s+0+|NoNewPrivs:\s+1)$/.test(line)),
    [],
  );
  assert.equal(lines.length, 6);

  const keys = join(world.controlPlane.dataFolder, "authority/root.pem");
  for (const attempt of [
    `echo '//' >> ${program}`,
    `mv ${program} ${program}.old`,
    "su root -c id",
    "sudo -n id",
    "setpriv --reuid 0 id",
    "mount -o remount,rw /",
    "echo x > /etc/edgemere-was-here",
    "chown root:root /proc/self/cwd",
    `cat ${keys}`,
    "kill -STOP 1",
  ])
    assert.equal((await run(attempt)).state, "failed", attempt);
  assert.equal(await hashOf(program), before);
  await eventually(async () => {
    const { values } = await world.client.call("cpl/ta/latest", { device: "boxed" });
    return values.length > 0;
  }, "telemetry from the sandbox");
});

const hashOf = async (path: string) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

/** What somebody tries who looks for a way to one of these. */
async function everyDoorRefuses(...words: readonly string[]): Promise<void> {
  const jobs = async () => (await world.client.call("cpl/dm/job/list", { limit: 500 })).items.length;
  const before = await jobs();
  using channel = live(world.baseUrl, world.token);
  for (const word of words) {
    for (const path of [
      word,
      `cpl/dm/${word}`,
      `cpl/dm/${word}/open`,
      `cpl/dm/${word}/create`,
      `cpl/dm/agent/${word}`,
    ]) {
      const answer = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { token: world.token, input: {} });
      assert.equal(answer.status, 404, `${path}: ${JSON.stringify(answer.body)}`);
      assert.equal((await channel.emit("call", { path, input: {} })).problem?.status, 404, path);
    }
    const input = { device: "gw1", kind: word, arguments: {} };
    const answer = await ask(`${world.baseUrl}/edgemere/cpl/dm/job/create`, "POST", { token: world.token, input });
    assert.equal(answer.status, 400, `${word}: ${JSON.stringify(answer.body)}`);
    await brokerRefuses(word);
  }
  assert.equal(await jobs(), before);
}

async function brokerRefuses(word: string): Promise<void> {
  const { device } = identity;
  const client = await connected();
  try {
    for (const topic of [`edgemere/v1/${device}/down/${word}`, `edgemere/v1/${device}/${word}`])
      await assert.rejects(client.subscribeAsync(topic, { qos: 1 }), topic);
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.publish(`edgemere/v1/${device}/up/${word}`, "open", { qos: 1 });
    await closed;
  } finally {
    await client.endAsync(true);
  }
}

async function connected(): Promise<MqttClient> {
  const { device, mqtt } = identity;
  const client = await connectAsync(mqtt[0] ?? "", {
    protocolVersion: 4,
    clientId: device,
    reconnectPeriod: 0,
    ...credentialsOf(identity),
  });
  // Being cut off is what is waited for.
  client.on("error", () => {});
  return client;
}
