import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { decode, pack, seal, v1 } from "@edgemere/protocol";
import { startHostileWorld, type Passing } from "../world/hostile-broker.ts";
import { createJob, endOf, outputOf, stateOf } from "../world/jobs.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const mallory = { keyId: "mallory", privateKey: generateKeyPairSync("ed25519").privateKey };
const HOUR = 3_600_000;

/** An agent that may exec on a broker that is hostile. */
async function aVictim() {
  const world = await startHostileWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "exec"]);
  const { id: device } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  return { world, device, agent };
}
const alertOf = async ({ client }: World) => (await client.call("cpl/dm/device/find", { device: "gw1" })).alert;
const notesOf = async ({ client }: World, name: string) =>
  (await client.call("cpl/dm/device/events", { device: "gw1", limit: 200 })).items.filter((each) => each.name === name);
/** How often a program ran that adds a line to a file. */
const effects = async (path: string) => (await readFile(path, "utf8").catch(() => "")).split("\n").length - 1;
const addTo = (path: string) => ({ argv: ["sh", "-c", `echo done >> ${path}`] });
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

test("T01 a broker that injects or alters commands makes a device do nothing, and is told of", async () => {
  const { world, device } = await aVictim();
  await using _ = world;
  const { broker, folder } = world;
  const evil = join(folder, "evil");
  const forged = (signatures: "none" | "own" | "borrowed") => {
    const command = {
      trustDomain: "x",
      device,
      command: `forged-${signatures}`,
      sequence: 1_000,
      issuedAtMs: Date.now(),
    };
    const body = { ...command, expiresAtMs: Date.now() + HOUR, runTimeoutMs: 1_000, exec: addTo(evil) };
    const envelope = seal("command", body, signatures === "borrowed" ? { ...mallory, keyId: realKey() } : mallory);
    return signatures === "none" ? { ...envelope, signatures: [] } : envelope;
  };
  const envelopes = () =>
    broker.seen.filter(({ name }) => name === "command").map(({ payload }) => decode(v1.SignedEnvelope, payload));
  const realKey = () => envelopes()[0]?.signatures[0]?.keyId ?? "";
  assert.equal((await endOf(world, await createJob(world, "gw1", "ping"))).state, "succeeded");

  // Made up, on the topic of commands and within a Sync.
  for (const signatures of ["none", "own", "borrowed"] as const) {
    const { topic, payload } = pack("command", { device }, forged(signatures));
    await broker.inject(topic, payload);
  }
  const { epoch = 0 } = (await world.client.call("cpl/dm/session/list")).items[0] ?? {};
  await broker.inject(
    `edgemere/v1/${device}/down/sync`,
    pack(
      "sync",
      { device },
      { sessionEpoch: epoch, head: seal("syncHead", { device }, mallory), commands: [forged("own")] },
    ).payload,
  );
  // Altered on its way: the program of a genuine command becomes another.
  broker.tamper = (passing) =>
    passing.name === "command" ? swapped(passing, join(folder, "good"), evil) : passing.payload;
  const altered = await createJob(world, "gw1", "exec", addTo(join(folder, "good")));
  await eventually(
    async () => (await notesOf(world, "untrusted-command")).some(({ detail }) => detail.startsWith("bad-signature")),
    "the altered command to be told of",
  );
  await eventually(
    async () => (await notesOf(world, "untrusted-command")).some(({ detail }) => detail.startsWith("unknown-key")),
    "the forged ones to be told of",
  );
  await eventually(async () => (await notesOf(world, "untrusted-message")).length > 0, "the forged Sync to be told of");

  assert.equal(await exists(evil), false);
  assert.equal(await exists(join(folder, "good")), false);
  assert.equal(await stateOf(world, altered), "offered");
  assert.match((await alertOf(world))?.reason ?? "", /^untrusted-/);
});

/** The same message with other words of the same length inside. */
function swapped({ payload }: Passing, from: string, to: string): Buffer {
  assert.equal(from.length, to.length);
  return Buffer.from(payload.toString("latin1").replaceAll(from, to), "latin1");
}

test("T02 a command that is replayed runs once: at once, a hundred times, after a restart, and at another device", async () => {
  const { world, device, agent } = await aVictim();
  await using _ = world;
  const { broker, folder } = world;
  await world.enrolAgent("gw2", ["--allow", "exec"]);
  const { id: second } = await world.client.call("cpl/dm/device/find", { device: "gw2" });
  const file = join(folder, "effects");
  assert.equal((await endOf(world, await createJob(world, "gw1", "exec", addTo(file)))).state, "succeeded");
  const captured = broker.seen.filter(({ name, device: to }) => name === "command" && to === device);
  assert.ok(captured.length > 0);
  const replay = async (to: string, times: number) => {
    for (let i = 0; i < times; i++)
      for (const { payload } of captured) await broker.inject(`edgemere/v1/${to}/down/command`, payload);
    // What comes after them on the same road has been heard after them.
    assert.equal((await endOf(world, await createJob(world, to, "ping"))).state, "succeeded");
  };

  await replay(device, 1);
  await replay(device, 100);
  await replay(second, 1);
  // Its journal is made small again at its start; what it has seen is not forgotten with that.
  await agent.stop();
  agent.run();
  await replay(device, 100);

  assert.equal(await effects(file), 1);
});

test("T03 a broker that holds back commands is noticed by the device and by the control plane", async () => {
  const { world } = await aVictim();
  await using _ = world;
  const { broker, folder } = world;
  const file = join(folder, "effects");
  // The fast way is closed, and what a Sync brings is taken out of it.
  broker.tamper = (passing) => {
    if (passing.name === "command") return undefined;
    if (passing.name !== "sync") return passing.payload;
    const sync = decode(v1.Sync, passing.payload);
    return Buffer.from(v1.Sync.encode({ ...withoutPrototype(sync), commands: [] }).finish());
  };

  const job = await createJob(world, "gw1", "exec", addTo(file));
  const unwanted = await createJob(world, "gw1", "ping");
  await world.client.call("cpl/dm/job/cancel", { job: unwanted });

  const { detail } = await eventually(async () => (await alertOf(world)) ?? undefined, "an alert");
  assert.match(detail, /a Sync did not bring what its head names/);
  await eventually(async () => {
    const { conditions = [] } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
    return conditions.includes("commands-held-back");
  }, "the condition");
  assert.deepEqual([await stateOf(world, job), await exists(file)], ["offered", false]);

  // Once it lets things through again, what was held back is done, once.
  broker.tamper = ({ payload }) => payload;
  const released = await createJob(world, "gw1", "ping");
  await world.client.call("cpl/dm/job/cancel", { job: released }).catch(() => {});
  assert.equal((await endOf(world, job)).state, "succeeded");
  assert.equal(await effects(file), 1);
});

const withoutPrototype = (sync: v1.Sync.$Shape): v1.Sync.$Properties => ({ ...sync });

test("T12 one stolen credential that asks for a thousand programs gets sixty, and everybody learns who it was", async () => {
  // As it is when nobody says otherwise.
  const flags = ["--dangerous-per-minute", "60", "--dangerous-per-hour", "600"];
  await using world = await startWorld({ devices: 1, prefix: "fake", controlPlane: { flags } });
  const { token, id } = await world.client.call("ia/token/create", {
    name: "stolen",
    permissions: ["job:create", "command:exec", "device:read"],
  });
  const { createClient } = await import("@edgemere/control-plane/client");
  const thief = createClient({ baseUrl: world.baseUrl, token });
  const outcomes = { granted: 0, refused: 0 };

  for (let i = 0; i < 1_000; i++)
    await thief.call("cpl/dm/job/create", { device: "fake-001", kind: "exec", arguments: { argv: ["true"] } }).then(
      () => outcomes.granted++,
      (error: Error) => {
        assert.match(error.message, /asked for exec too often: 60 a minute is the limit/);
        outcomes.refused++;
      },
    );

  // A slow machine takes more than a minute for a thousand.
  assert.ok(outcomes.granted <= 300 && outcomes.refused >= 700, JSON.stringify(outcomes));
  const { events } = await world.client.call("ia/event/list", { after: 0, limit: 500, type: ["commandcap.*"] });
  const told = events.filter(({ type }) => type === "commandcap.exceeded");
  assert.ok(told.length > 0 && told.every(({ subject }) => subject === `token:${id}/exec`), JSON.stringify(told[0]));
});

test("T25 a result that a broker alters is refused and told, and its command stays open until the device is heard", async () => {
  const { world, agent } = await aVictim();
  await using _ = world;
  const { broker } = world;
  broker.tamper = (passing) => (passing.name === "result" ? succeeded(passing) : passing.payload);

  const job = await createJob(world, "gw1", "exec", { argv: ["false"] });
  const { reason, detail } = await eventually(async () => await alertOf(world), "an alert");
  const { refusals } = await world.client.call("cpl/dm/session/refusals");

  assert.deepEqual([reason, detail.split(":")[0]], ["unproved-result", "bad-signature"]);
  assert.ok((refusals["bad-signature"] ?? 0) > 0, JSON.stringify(refusals));
  assert.ok(["offered", "journaled", "running"].includes((await stateOf(world, job)) ?? ""));
  broker.tamper = ({ payload }) => payload;
  // It says it again in its next session, and is believed.
  await agent.stop();
  agent.run();
  const ended = await endOf(world, job);
  assert.deepEqual([ended.state, ended.reason], ["failed", "exit-code"]);
});

/** Every report in a batch of results says that all went well. */
function succeeded({ payload }: Passing): Buffer {
  const batch = decode(v1.RecordBatch, payload);
  const records = batch.records.map(({ sequence, atMs, clockPeriod, signedReport, commandReport, gap }) => {
    const rest = { sequence, atMs, clockPeriod };
    if (!signedReport) return { ...rest, ...(commandReport && { commandReport }), ...(gap && { gap }) };
    const { command, startedAtMs, finishedAtMs } = decode(v1.CommandReport, signedReport.payload ?? new Uint8Array());
    const report = { command, startedAtMs, finishedAtMs, phase: v1.CommandPhase.COMMAND_PHASE_SUCCEEDED };
    const { payloadType, signatures } = signedReport;
    return { ...rest, signedReport: { payloadType, signatures, payload: v1.CommandReport.encode(report).finish() } };
  });
  const { firstUnacknowledged, sessionEpoch, clocks } = batch;
  return Buffer.from(v1.RecordBatch.encode({ records, firstUnacknowledged, sessionEpoch, clocks }).finish());
}

test("T30 a secret of a command is read by its program and found nowhere else", async () => {
  const { world } = await aVictim();
  await using _ = world;
  const { broker, folder, client, controlPlane } = world;
  const canary = "canary-4f1c9e2b7a";
  const seenFile = join(folder, "went");
  await writeFile(seenFile, "no");
  const argv = [
    "sh",
    "-c",
    `test "$(printf %s "$PASSWORD" | wc -c)" = ${canary.length} && echo yes > ${seenFile}; for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done`,
  ];

  const { job } = await client.call("cpl/dm/job/create", {
    device: "gw1",
    kind: "exec",
    arguments: { argv },
    secrets: { PASSWORD: canary },
  });
  const command = await endOf(world, job.id);
  const { stdout } = await outputOf(world, command);
  const made = await client.call("ops/backup/create", {});
  await eventually(
    async () => (await client.call("ops/backup/find", { backup: made.id })).backup.state === "ready",
    "the backup",
  );

  assert.equal(command.state, "succeeded");
  assert.equal(await readFile(seenFile, "utf8"), "yes\n", "the program had it");
  const said = [
    stdout,
    controlPlane.output,
    JSON.stringify(command),
    JSON.stringify(await client.call("ia/event/list", { after: 0, limit: 500 })),
    JSON.stringify(await client.call("ia/audit/list", { limit: 100 })),
  ];
  for (const each of said) assert.ok(!each.includes(canary), each.slice(0, 200));
  for (const { payload, name } of broker.seen) assert.ok(!payload.includes(canary), `on the broker: ${name}`);
  for (const path of await filesBelow(folder)) assert.ok(!(await readFile(path)).includes(canary), path);
});

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}
