import assert from "node:assert/strict";
import { test } from "node:test";
import { privateKeyFromSeed, schemaIn, schemaNameFrom } from "@edgemere/protocol";
import { HOUR, MINUTE, SECOND, silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { createAgent } from "./agent.ts";
import type { AgentConfig } from "./config.ts";
import { HostError, type Host } from "./host/host.ts";
import { DEVICE, keyring, ScriptedControlPlane } from "./link/control-plane.test-support.ts";
import type { Identity } from "./link/identity.ts";

const host: Host = {
  name: "host",
  bootId: async () => "boot-1",
  machineId: async () => "machine-1",
  sample: async () => [{ metric: "cpu.busy_percent", instance: "", value: 12 }],
  inventory: async () => [{ name: "os.name", value: "test" }],
  run: () => Promise.reject(new HostError("not-found", "no program here")),
  killMarked: async () => 0,
  runScript: () => Promise.reject(new HostError("not-found", "no program here")),
  removeScripts: async () => 0,
  keepFiles: async () => [],
  putBackFiles: async () => {},
  serviceStatus: () => Promise.reject(new HostError("not-found", "no service here")),
  collectLogs: () => Promise.reject(new HostError("not-allowed", "no log here")),
  changePackages: () => Promise.reject(new HostError("not-found", "no package here")),
  changeService: () => Promise.reject(new HostError("not-found", "no service here")),
  reboot: () => Promise.reject(new HostError("not-allowed", "not here")),
  listFiles: async () => [],
  hashFile: async () => "00".repeat(32),
  capacity: async () => ({ totalBytes: 2, freeBytes: 1 }),
  hasTerminal: async () => false,
  openTerminal: () => Promise.reject(new HostError("not-found", "no terminal here")),
};
const config: AgentConfig = {
  sampleEvery: SECOND,
  reportEvery: 2 * SECOND,
  inventoryEvery: HOUR,
  sources: [{ name: "data", path: "/data" }],
  dataEvery: MINUTE,
  allow: [],
  spool: { maxBytes: 16 * 1024 * 1024 },
};
const mqtt: readonly string[] = ["mqtts://one.test:8883"];
const messageKey = privateKeyFromSeed(new Uint8Array(32).fill(8)).export({ format: "pem", type: "pkcs8" }).toString();
const identity = { device: DEVICE, mqtt, trustDomain: "test", keyring, messageKey } as Identity;

async function anAgent(parts: {
  readonly disk: Disk;
  readonly transport: ScriptedControlPlane;
  readonly spool?: AgentConfig["spool"];
  readonly dataBudget?: number;
}) {
  const { disk, transport, spool = config.spool, dataBudget } = parts;
  const clock = new ManualClock();
  const env = { clock, random: seededRandom(1), disk, log: silentLog };
  return {
    clock,
    agent: await createAgent({
      env,
      host,
      transport,
      identity,
      config: { ...config, spool, ...(dataBudget !== undefined && { dataBudget }) },
    }),
  };
}

test("an agent measures, reports its inventory and its data, and is acknowledged", async () => {
  const transport = new ScriptedControlPlane();
  const { clock, agent } = await anAgent({ disk: new SimulatedDisk(), transport });
  await agent.start();
  await clock.advance(10 * SECOND);

  const events = transport.heardOf("event").flatMap(({ message }) => message.records);
  assert.ok(transport.heardOf("telemetry").length >= 4);
  assert.ok(events.some(({ inventory }) => inventory));
  assert.ok(events.some(({ dataSource }) => dataSource));
  assert.deepEqual(transport.heardOf("hello")[0]?.message.capabilities, [
    "command:ping",
    "command:inventory.refresh",
    "command:log.collect",
    "command:service.status",
    "command:data.get",
    "command:data.put",
    "command:data.drop",
    "command:data.report",
    "command:data.snapshot",
    "command:policy.pack",
    "signed-results",
  ]);
  assert.equal(agent.status().unacknowledged, 0);
  assert.equal(agent.isConnected, true);
  await agent[Symbol.asyncDispose]();
});

test("an agent says how the one before it ended", async () => {
  const [disk, transport] = [new SimulatedDisk(), new ScriptedControlPlane()];
  for (const end of ["stop", "stop", "kill", "stop"]) {
    const { clock, agent } = await anAgent({ disk, transport });
    await agent.start();
    await clock.advance(SECOND);
    if (end === "stop") await agent[Symbol.asyncDispose]();
  }

  assert.deepEqual(
    transport.heardOf("hello").map(({ message }) => message.lastExitReason),
    ["unknown", "clean", "clean", "crash"],
  );
  assert.equal(transport.heardOf("bye").length, 3);
});

test("an agent that dies again and again soon after its start comes back with telemetry and a connection only", async () => {
  const [disk, transport] = [new SimulatedDisk(), new ScriptedControlPlane()];
  await disk.write("last-exit", Buffer.from(JSON.stringify({ state: "starting", boot: "boot-1", earlyDeaths: 4 })));
  const { clock, agent } = await anAgent({ disk, transport });
  await agent.start();
  await clock.advance(10 * SECOND);
  const bodies = () => transport.heardOf("event").flatMap(({ message }) => message.records.map(({ body }) => body));
  const early = bodies();
  await clock.advance(HOUR);

  assert.ok(transport.heardOf("hello").some(({ message }) => message.conditions.includes("safe-mode")));
  assert.ok(transport.heardOf("telemetry").length > 0);
  assert.ok(!early.includes("inventory") && !early.includes("dataSource"), early.join());
  assert.ok(bodies().includes("inventory") && bodies().includes("dataSource"));
  await agent[Symbol.asyncDispose]();
});

test("an agent keeps to the room that is left to its host, says so, and counts what it did not keep", async () => {
  const transport = new ScriptedControlPlane();
  const spool = { ...config.spool, freeBytes: 2 * 1024 ** 3 };
  const { clock, agent } = await anAgent({ disk: new SimulatedDisk(1024 ** 3), transport, spool });
  await agent.start();
  await clock.advance(20 * SECOND);

  const [hello] = transport.heardOf("hello");
  assert.ok(transport.stored.includes("disk-low set"));
  assert.ok((hello?.message.clockPeriod ?? 0) > 0);
  const telemetry = transport.heardOf("telemetry").flatMap(({ message }) => message.records);
  assert.deepEqual([...new Set(telemetry.map(({ gap }) => gap?.reason))], ["disk-low"]);
  assert.ok(telemetry.every(({ clockPeriod }) => clockPeriod === hello?.message.clockPeriod));
  assert.ok(transport.explained > 0);
  await agent[Symbol.asyncDispose]();
});

test("an agent whose data runs ahead of its month tells so, sends less, and remembers what it used", async () => {
  const [disk, transport] = [new SimulatedDisk(), new ScriptedControlPlane()];
  transport.takes = () => 20_000;
  const { clock, agent } = await anAgent({ disk, transport, dataBudget: 1_000_000 });
  await agent.start();
  await clock.advance(5 * MINUTE);
  const early = transport.heardOf("telemetry").length;
  await clock.advance(HOUR);

  const late = transport.heardOf("telemetry").length - early;
  assert.ok(early > late, `${early} reports in five minutes, ${late} in the hour after`);
  assert.ok(transport.stored.includes("data-budget-essential set"), transport.stored.join());
  assert.ok(agent.status().conditions.includes("data-budget-essential"));
  const heard = transport.heardOf("telemetry").map(({ message }) => message);
  const schemas = new Map(heard.flatMap((each) => each.schemas.map(schemaIn)).map((each) => [each.name, each.series]));
  const metrics = heard
    .at(-1)
    ?.records.flatMap(({ telemetry }) => (telemetry && schemas.get(schemaNameFrom(telemetry.schema))) ?? []);
  assert.ok(metrics?.some(({ metric }) => metric === "cpu.busy_percent"));
  assert.ok(metrics?.some(({ metric }) => metric === "agent.data_used_bytes"));
  await agent[Symbol.asyncDispose]();
  assert.match(Buffer.from((await disk.read("data-use")) ?? []).toString(), /^\{"month":"2027-01","bytes":\d{6,}\}\n$/);
});
