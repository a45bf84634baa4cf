import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { AGENT_VERSION } from "../version.ts";
import type { HostError, TelemetryReading } from "./host.ts";
import { linuxHost } from "./linux-host.ts";

const host = linuxHost();

const ofMetric = (readings: readonly TelemetryReading[], metric: string) =>
  readings.filter((reading) => reading.metric === metric).map((reading) => reading.value);

test("two samples of this machine give sane numbers, each series once", async () => {
  let now = 0;
  const stepped = linuxHost({ clock: { ...systemClock, monotonic: () => (now += 1_000) } });
  const first = await stepped.sample();
  const second = await stepped.sample();

  const percentages = second.filter((reading) => reading.metric.endsWith("_percent"));
  assert.ok(percentages.every(({ value }) => value >= 0 && value <= 100));
  assert.ok(second.every(({ value }) => Number.isFinite(value) && value >= 0));
  assert.equal(new Set(second.map(({ metric, instance }) => `${metric} ${instance}`)).size, second.length);
  assert.ok(second.every(({ metric }) => /^[a-z]+(\.[a-z0-9_]+)+$/.test(metric)));
  assert.equal(ofMetric(second, "memory.total_bytes").length, 1);
  assert.equal(ofMetric(second, "load.average_1m").length, 1);
  assert.ok(ofMetric(second, "agent.resident_bytes").every((bytes) => bytes > 1_000_000));
  assert.equal(ofMetric(first, "agent.cpu_percent").length, 0);
  assert.equal(ofMetric(second, "agent.cpu_percent").length, 1);
});

test("the inventory names this machine and does not change by itself", async () => {
  const first = await host.inventory();
  const facts = new Map(first.map(({ name, value }) => [name, value]));

  assert.equal(facts.get("agent.version"), AGENT_VERSION);
  assert.equal(facts.get("node.version"), process.versions.node);
  assert.ok(Number(facts.get("memory.total_bytes")) > 0);
  assert.ok(Number(facts.get("cpu.count")) >= 1);
  assert.equal(facts.size, first.length);
  assert.deepEqual(await host.inventory(), first);
});

test("the ids of machine and boot stay the same", async () => {
  assert.match(await host.machineId(), /^[0-9a-f]{32}$/);
  assert.match(await host.bootId(), /^[0-9a-f-]{36}$/);
  assert.equal(await host.machineId(), await host.machineId());
  assert.equal(await host.bootId(), await host.bootId());
});

test("a service that does not exist and a name that cannot be one are refused", async () => {
  const managed = await Promise.any([access("/run/systemd/system"), access("/etc/init.d")]).then(
    () => true,
    () => false,
  );
  const reasonOf = (name: string) =>
    host.serviceStatus(name).then(
      () => "known",
      (error: HostError) => error.reason,
    );

  assert.equal(await reasonOf("no-such-service-here"), managed ? "not-found" : "failed");
  assert.equal(await reasonOf("--version"), "not-found");
  assert.equal(await reasonOf("../../bin/sh"), "not-found");
});
