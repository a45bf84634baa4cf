import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { hostSources, linuxHost } from "@edgemere/agent";
import type { HostError, TelemetryReading } from "@edgemere/agent";
import { DAY, HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom } from "@edgemere/protocol/simulated";
import { fakeHost } from "./fake-host.ts";
import type { FakeHostOptions } from "./fake-host.ts";

const aHost = (options: Partial<FakeHostOptions> = {}) =>
  fakeHost({ name: "device-1", random: seededRandom(7), clock: new ManualClock(), ...options });

async function valueOf(host: ReturnType<typeof aHost>, metric: string): Promise<number> {
  const reading = (await host.sample()).find((each) => each.metric === metric);
  assert.ok(reading, `no ${metric}`);
  return reading.value;
}

test("the same chance and clock make the same host", async () => {
  const clock = new ManualClock();
  const [one, other] = [aHost({ clock }), aHost({ clock })];
  await clock.advance(3 * HOUR);

  assert.deepEqual(await one.sample(), await other.sample());
  assert.deepEqual(await one.inventory(), await other.inventory());
  assert.equal(await one.machineId(), await other.machineId());
});

test("two seeds make two machines", async () => {
  const [one, other] = [aHost(), aHost({ random: seededRandom(8) })];

  assert.notDeepEqual(await one.sample(), await other.sample());
  assert.notEqual(await one.machineId(), await other.machineId());
});

test("how often a host is asked does not change what it says", async () => {
  const clock = new ManualClock();
  const [often, once] = [aHost({ clock }), aHost({ clock })];
  await often.sample();
  await clock.advance(MINUTE);
  await often.sample();
  await clock.advance(MINUTE);

  assert.deepEqual(await often.sample(), await once.sample());
});

test("metrics have the names that a Linux host gives them", async () => {
  const linux = linuxHost();
  const known = new Set<string>();
  // Shares of the processors need a tick of the kernel's clock between two samples.
  while (!known.has("cpu.busy_percent") || !known.has("cpu.core_busy_percent"))
    for (const { metric } of await linux.sample()) known.add(metric);
  // Not every machine has a thermometer, a disk or a network of its own.
  const groupOf = (metric: string) => metric.split(".")[0];
  const groups = new Set([...known].map(groupOf));
  const comparable = (await aHost().sample())
    .map(({ metric }) => metric)
    .filter((metric) => groups.has(groupOf(metric)));

  assert.ok(comparable.length > 10);
  assert.deepEqual(
    comparable.filter((metric) => !known.has(metric)),
    [],
  );
});

test("each source gives its own metrics, and all of them together give everything", async () => {
  const host = aHost();

  const apart = await Promise.all(hostSources.map((source) => host.sample(new Set([source]))));

  const series = (readings: readonly TelemetryReading[]) => readings.map((each) => `${each.metric} ${each.instance}`);
  assert.deepEqual(series(apart.flat()).toSorted(), series(await host.sample()).toSorted());
});

test("every behaviour stays within what a machine can do, all day long", async () => {
  const clock = new ManualClock();
  const hosts = (["steady", "diurnal", "filling"] as const).map((behaviour) => aHost({ clock, behaviour }));
  const samples = [];
  for (let hour = 0; hour < 24; hour++) {
    samples.push(...(await Promise.all(hosts.map((host) => host.sample()))));
    await clock.advance(HOUR);
  }

  const readings = samples.flat();
  assert.deepEqual(
    readings.filter(({ value }) => !(value >= 0)),
    [],
  );
  assert.deepEqual(
    readings.filter(({ metric, value }) => metric.endsWith("_percent") && value > 100),
    [],
  );
});

test("a diurnal host works by day and rests at night", async () => {
  // A manual clock starts at midnight.
  const clock = new ManualClock();
  await clock.advance(2 * HOUR);
  const host = aHost({ clock, behaviour: "diurnal" });
  const atNight = await valueOf(host, "cpu.busy_percent");
  await clock.advance(12 * HOUR);

  assert.ok((await valueOf(host, "cpu.busy_percent")) > atNight + 20);
});

test("a filling host's disk grows, a steady one's does not", async () => {
  const clock = new ManualClock();
  const [filling, steady] = [aHost({ clock, behaviour: "filling" }), aHost({ clock })];
  const before = {
    filling: await valueOf(filling, "filesystem.used_bytes"),
    steady: await valueOf(steady, "filesystem.used_bytes"),
  };
  await clock.advance(10 * MINUTE);

  assert.ok((await valueOf(filling, "filesystem.used_bytes")) > before.filling);
  assert.equal(await valueOf(steady, "filesystem.used_bytes"), before.steady);
});

test("uptime grows with the clock", async () => {
  const clock = new ManualClock();
  const host = aHost({ clock });
  const before = await valueOf(host, "system.uptime_seconds");
  await clock.advance(DAY);

  assert.ok(Math.abs((await valueOf(host, "system.uptime_seconds")) - before - DAY / SECOND) < 0.001);
});

test("programs run, are written down, and their output is capped and counted", async () => {
  const host = aHost();
  let output = "";
  const result = await host.run({
    argv: ["echo", "hello", "world"],
    maxOutputBytes: 5,
    onOutput: (_channel, bytes) => void (output += Buffer.from(bytes).toString()),
  });

  assert.deepEqual(result, { exitCode: 0, outputBytes: 5, droppedBytes: 7 });
  assert.equal(output, "hello");
  assert.deepEqual(host.started, [["echo", "hello", "world"]]);
});

test("a sleeping program ends when its time is up or when it is aborted", async () => {
  const clock = new ManualClock();
  const host = aHost({ clock });
  const stop = new AbortController();
  const slept = host.run({ argv: ["sleep", "5"], maxOutputBytes: 0 });
  const aborted = host.run({ argv: ["sleep", "500"], maxOutputBytes: 0, signal: stop.signal });
  stop.abort();
  await clock.advance(5 * SECOND);

  assert.equal((await slept).exitCode, 0);
  assert.equal((await aborted).endedBySignal, "SIGTERM");
});

test("a test may give programs of its own", async () => {
  const host = aHost({ programs: { seven: async () => 7 } });

  assert.equal((await host.run({ argv: ["seven"], maxOutputBytes: 0 })).exitCode, 7);
  await assert.rejects(host.run({ argv: ["eight"], maxOutputBytes: 0 }), { reason: "not-found" } as HostError);
});

test("files appear, change and vanish in data directories", async () => {
  const clock = new ManualClock();
  const { files } = aHost({ clock });
  const place = { directory: "/data", name: "a/one.csv" };
  files.put(place, "abc");

  assert.deepEqual(await files.listFiles("/data"), [{ name: "a/one.csv", bytes: 3, modifiedAt: clock.now() }]);
  assert.equal(
    await files.hashFile("/data", "a/one.csv"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  const { totalBytes, freeBytes } = await files.capacity("/data");
  assert.equal(totalBytes - freeBytes, 3);

  files.remove(place);

  assert.deepEqual(await files.listFiles("/data"), []);
  await assert.rejects(files.listFiles("/elsewhere"), /\/elsewhere does not exist/);
});

test("services are told as the test set them", async () => {
  const host = aHost();

  assert.equal((await host.serviceStatus("ssh")).state, "running");
  assert.equal((await host.serviceStatus("backup")).state, "failed");
  await assert.rejects(host.serviceStatus("nope"), { reason: "not-found" } as HostError);
});

test("files come and go on a fake host as on a real one: whole, below its roots, and on where they were", async () => {
  const host = aHost();
  const content = Buffer.from("firmware");
  const sha256 = createHash("sha256").update(content).digest("hex");
  const request = { path: "/srv/app", roots: ["/srv"], mark: "c1", bytes: content.length, sha256 };
  const begin = async () => {
    const file = await host.transfers?.receive(request);
    assert.ok(file !== undefined && file !== "there");
    return file;
  };

  await (await begin()).write(content.subarray(0, 4));
  const again = await begin();
  assert.equal(again.received, 4);
  await again.write(content.subarray(4));
  assert.equal(again.digest(), sha256);
  await again.place();

  assert.equal(await host.transfers?.receive(request), "there");
  const out = await host.transfers?.open(request);
  assert.deepEqual(Buffer.from((await out?.read(2, 3)) ?? []).toString(), "rmw");
  assert.equal(await out?.isUnchanged(), true);
  host.files.put({ directory: "/srv", name: "app" }, "another");
  assert.equal(await out?.isUnchanged(), false);
  const folder = { path: "/srv", roots: ["/srv"], after: "", most: 1, signal: new AbortController().signal };
  assert.deepEqual(
    (await host.transfers?.list(folder))?.entries.map(({ name, type, bytes }) => [name, type, bytes]),
    [["app", "file", 7]],
  );
  assert.equal((await host.transfers?.list({ ...folder, path: "" }))?.entries[0]?.name, "/srv");
  await assert.rejects(async () => host.transfers?.list({ ...folder, path: "/etc" }), { reason: "not-allowed" });
  assert.equal(await host.transfers?.remove(request), "other");
  host.files.put({ directory: "/srv", name: "app" }, content);
  assert.equal(await host.transfers?.remove(request), "removed");
  assert.equal(await host.transfers?.remove(request), "absent");
  const outside = { ...request, path: "/etc/passwd" };
  await assert.rejects(async () => host.transfers?.receive(outside), { reason: "not-allowed" });
  await assert.rejects(async () => host.transfers?.open({ ...request, path: "/srv/none" }), { reason: "not-found" });
  await assert.rejects(async () => host.transfers?.receive({ ...request, bytes: 2 ** 52, sha256: "" }), {
    reason: "no-room",
  });
});
