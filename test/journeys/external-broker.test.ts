import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { loadIdentity } from "@edgemere/agent";
import { pack, SERVER_NAME } from "@edgemere/protocol";
import { nodeDisk } from "@edgemere/protocol/kit";
import { connectAsync } from "mqtt";
import { storedTelemetry } from "../faults/stored.ts";
import { connected } from "../world/bare-device.ts";
import { certified, onMosquitto, urlOf, type Brokered } from "../world/brokered.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { noMosquitto, noNats, shippedRules, startNats } from "../world/brokers.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

test(
  "a fleet lives on Mosquitto: telemetry up, commands down, whatever is killed",
  { skip: noMosquitto },
  async (t) => {
    await using world = await startWorld();
    await using brokered = await onMosquitto(world);
    const { flags } = brokered;
    const agent = await world.enrolAgent("gw1");
    const { id: device } = await world.client.call("cpl/dm/device/find", { device: "gw1" });

    await t.test("what is measured arrives, and a command comes back", async () => {
      await newTelemetry(world);
      assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
    });

    await t.test("the device stays online when the control plane is started anew", async () => {
      const since = (await world.client.call("cpl/dm/device/find", { device: "gw1" })).presenceAt;
      const { epoch } = await sessionOf(world);
      await world.controlPlane.kill();
      await world.controlPlane.start({ flags });

      await newTelemetry(world);
      assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
      const { presence, presenceAt } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
      assert.deepEqual([presence, presenceAt], ["online", since]);
      assert.equal((await sessionOf(world)).epoch, epoch, "it was asked, and said hello on the connection that stood");
    });

    await t.test("everything goes on when the broker is killed and comes back without memory", async () => {
      for (let round = 0; round < 2; round++) {
        const job = await createJob(world, "gw1", "ping");
        await brokered.broker.kill();
        const meanwhile = await createJob(world, "gw1", "ping");
        await brokered.restart();
        const startedAt = performance.now();
        for (const each of [job, meanwhile]) assert.equal((await endOf(world, each)).state, "succeeded");
        await newTelemetry(world);
        t.diagnostic(`after the broker's start all was well within ${Math.round(performance.now() - startedAt)} ms`);
      }
    });

    await t.test("a device can neither take another's name nor speak or hear for it", async () => {
      await assertKeptApart(world, brokered, device);
    });

    await t.test("an agent that is stopped is offline at once, and back when it runs", async () => {
      assert.equal(await agent.stop(), 0);
      await eventually(async () => (await presenceOf(world)) === "offline", "gw1 to be offline");
      agent.run();
      await eventually(async () => (await presenceOf(world)) !== "offline", "gw1 to be back");
    });

    await t.test("an agent that is killed is missed, by the will that the broker tells", async () => {
      await agent.kill();
      await eventually(async () => (await sessionsOf(world)).length === 0, "the will of gw1");
      agent.run();
      await newTelemetry(world);
    });

    await t.test("a device that is retired obeys, and one that goes on talking is heard no more", async () => {
      const identity = await loadIdentity(nodeDisk(join(world.folder, "gw1")));
      assert.ok(identity);
      await world.client.call("cpl/dm/device/retire", { device: "gw1" });
      await agent.ended();
      assert.match(agent.output, /has retired this device: its keys are wiped/);

      await using copy = await connected({ ...identity, mqtt: [brokered.url] });
      await copy.say("telemetry", new Uint8Array([1]));
      await eventually(async () => (await refusedOf(world)) > 0, "what it says to be refused");
      assert.deepEqual(await sessionsOf(world), []);
    });

    assert.equal(await world.controlPlane.stop(), 0);
    const stored = (await storedTelemetry(world.controlPlane.dataFolder)).get(device);
    assert.ok(stored);
    const { records, gaps, watermark } = stored;
    assert.deepEqual([records.length, new Set(records).size, gaps.length], [watermark, watermark, 0], "each once");
  },
);

test("an agent that Mosquitto does not let hear does not look healthy", { skip: noMosquitto }, async () => {
  await using world = await startWorld();
  await using brokered = await onMosquitto(world);
  const agent = await world.enrolAgent("gw1");
  await newTelemetry(world);
  await brokered.broker.kill();
  await brokered.restart((await shippedRules()).replace("pattern read", "# pattern read"));

  await eventually(async () => agent.output.includes("the control plane did not answer the hello"), "what it says");
  await eventually(async () => (await presenceOf(world)) !== "online", "gw1 not to look as if it were there");

  await brokered.broker.kill();
  await brokered.restart();
  await newTelemetry(world);
});

test("a fleet that was at the embedded broker goes on when NATS stands at its address", { skip: noNats }, async () => {
  await using world = await startWorld();
  const { mqtt: port } = world.controlPlane.ready.ports;
  await world.enrolAgent("gw1");
  const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  const folder = await certified(world);
  await world.controlPlane.kill();
  await using first = await startNats(folder, port, [id]);
  await world.controlPlane.start({ flags: ["--broker", urlOf(port)] });
  await newTelemetry(world);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");

  await first.kill();
  await using _second = await startNats(folder, port, [id]);
  await newTelemetry(world);
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");
});

const presenceOf = async ({ client }: World) => (await client.call("cpl/dm/device/find", { device: "gw1" })).presence;

const sessionsOf = async ({ client }: World) => (await client.call("cpl/dm/session/list")).items;

const sessionOf = (world: World) => eventually(async () => (await sessionsOf(world))[0], "the session of gw1");

const refusedOf = async ({ client }: World) =>
  (await client.call("cpl/dm/session/refusals", {})).refusals["not-yours"] ?? 0;

const latestAt = async ({ client }: World) =>
  Math.max(0, ...(await client.call("cpl/ta/latest", { device: "gw1" })).values.map(({ at }) => at));

async function newTelemetry(world: World): Promise<void> {
  const before = await latestAt(world);
  await eventually(async () => (await latestAt(world)) > before, "new telemetry");
}

/** With the certificate of gw1, under another client id, on topics of another device. */
async function assertKeptApart(world: World, { broker, url }: Brokered, own: string): Promise<void> {
  const identity = JSON.parse(await readFile(join(world.folder, "gw1", "identity.json"), "utf8")) as {
    readonly key: string;
    readonly certificate: string;
    readonly chain: readonly string[];
    readonly rootCertificate: string;
  };
  const { topic, payload } = pack("bye", { device: "gw2" }, { sessionEpoch: 1, reason: "forged" });
  const client = await connectAsync(url, {
    clientId: "gw2",
    protocolVersion: 4,
    reconnectPeriod: 0,
    key: identity.key,
    cert: [identity.certificate, ...identity.chain].join("\n"),
    ca: identity.rootCertificate,
    servername: SERVER_NAME,
  });
  const heard: string[] = [];
  client.on("message", (name) => heard.push(name));
  // Whatever it calls itself, to the broker it is gw1: the agent comes back and puts it out.
  const putOut = new Promise<void>((resolve) => client.once("close", () => resolve()));
  const tried = (async () => {
    await client.subscribeAsync(["edgemere/v1/+/up/+", "edgemere/v1/gw2/down/sync"], { qos: 1 }).catch(() => []);
    await client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    await client.publishAsync(`edgemere/v1/${own}/down/sync`, "forged", { qos: 1 });
  })();
  await Promise.race([tried, putOut]);
  await newTelemetry(world);
  client.end(true);
  assert.deepEqual(heard, []);
  assert.match(broker.output, new RegExp(`connected from \\S+ as ${own} `));
  assert.doesNotMatch(broker.output, /connected from \S+ as gw2/);
  assert.equal(await refusedOf(world), 0, "nothing of it came as far as the control plane");
}
