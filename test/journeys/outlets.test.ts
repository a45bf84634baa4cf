import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { freePort } from "../world/free-ports.ts";
import { noPrometheus, startPrometheus } from "../world/prometheus.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const METRIC = "memory.used_percent";
const NAME = "edgemere_telemetry_memory_used_percent";
const VICTORIA_METRICS = "victoria-metrics";
/** What is older is not added to any more, milliseconds. */
const SETTLED = 5_000;
/** Samples of a device that are something to compare. */
const ENOUGH = 4;
const noVictoriaMetrics =
  spawnSync(VICTORIA_METRICS, ["--version"]).error === undefined ? false : `${VICTORIA_METRICS} is not installed`;

/** What is stored of the metric, device by device, up to an instant. */
async function stored(world: World, to: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const { items } = await world.client.call("cpl/dm/device/list", {});
  const all = await Promise.all(
    items.map(async ({ id }) => {
      const { series } = await world.client.call("cpl/ta/history", {
        device: id,
        metric: [METRIC],
        to,
        points: 10_000,
      });
      const rows = series.flatMap(({ at, value }) => at.map((instant, i) => `${instant} ${value[i] ?? ""}`));
      return [id, rows] as const;
    }),
  );
  return new Map(all);
}

const outletOf = async (world: World) => (await world.client.call("cpl/ta/outlet/list", {})).items[0];

/** Until everything that arrived up to an instant is outside. */
const sentUpTo = (world: World, instant: number) =>
  eventually(async () => ((await outletOf(world))?.sentUpTo ?? 0) > instant, "everything to be sent on");

/** Gives an instant up to which there is something to compare. */
async function enoughIsStored(world: World): Promise<number> {
  const hasEnough = async () =>
    [...(await stored(world, Date.now() - SETTLED)).values()].every(({ length }) => length >= ENOUGH);
  await eventually(hasEnough, "samples to compare");
  return Date.now();
}

/** Counts what a server holds that was not there, and the other way round. */
function assertSame(there: ReadonlyMap<string, readonly string[]>, here: ReadonlyMap<string, readonly string[]>): void {
  for (const [device, rows] of here) {
    assert.ok(rows.length >= ENOUGH, `${device} has ${rows.length} samples`);
    assert.deepEqual(there.get(device)?.toSorted(), rows.toSorted(), device);
  }
}

test("Prometheus gets by remote-write what is stored, over its own end and ours", { skip: noPrometheus }, async () => {
  await using folder = await temporaryFolder("outlets");
  let prometheus = await startPrometheus(join(folder.path, "prometheus"));
  const port = new URL(prometheus.url).port;
  await using world = await startWorld({
    devices: 2,
    controlPlane: { flags: ["--remote-write", `${prometheus.url}/api/v1/write`, "--send-metric", METRIC] },
  });
  try {
    await eventually(async () => (await prometheus.query(NAME)).length === 2, "two devices in Prometheus");
    await prometheus[Symbol.asyncDispose]();
    await eventually(async () => (await outletOf(world))?.state === "failing", "the outage to be noticed");
    await world.controlPlane.kill();
    await world.controlPlane.start();
    prometheus = await startPrometheus(join(folder.path, "prometheus"), {}, Number(port));
    await eventually(async () => (await outletOf(world))?.state === "working", "the recovery to be noticed");
    const now = await enoughIsStored(world);
    await sentUpTo(world, now);

    const found = await prometheus.query(`${NAME}[1h]`);
    const there = new Map(
      found.map(({ metric, values = [] }) => [
        metric["device"] ?? "",
        values.flatMap(([at, value]) => {
          const instant = Math.round(at * 1_000);
          return instant <= now - SETTLED ? [`${instant} ${Number(value)}`] : [];
        }),
      ]),
    );
    assertSame(there, await stored(world, now - SETTLED));
  } finally {
    await prometheus[Symbol.asyncDispose]();
  }
});

/** VictoriaMetrics keeps twelve digits of a value. */
const rounded = (row: string): string => {
  const [at = "", value = ""] = row.split(" ");
  return `${at} ${Number(value).toPrecision(9)}`;
};

test("VictoriaMetrics gets by remote-write what is stored", { skip: noVictoriaMetrics }, async () => {
  await using folder = await temporaryFolder("outlets");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    VICTORIA_METRICS,
    [`-storageDataPath=${join(folder.path, "data")}`, `-httpListenAddr=127.0.0.1:${port}`, "-loggerLevel=ERROR"],
    { stdio: "ignore" },
  );
  const ended = once(child, "close");
  try {
    await using world = await startWorld({
      devices: 2,
      controlPlane: { flags: ["--remote-write", `${url}/api/v1/write`, "--send-metric", METRIC] },
    });
    const now = await enoughIsStored(world);
    await sentUpTo(world, now);
    const export_ = async () => {
      const answer = await fetch(`${url}/api/v1/export?match[]=${NAME}`);
      const lines = (await answer.text()).trim().split("\n").filter(Boolean);
      return lines.map(
        (line) => JSON.parse(line) as { metric: Record<string, string>; values: number[]; timestamps: number[] },
      );
    };
    const until = now - SETTLED;
    const expected = new Map([...(await stored(world, until))].map(([id, rows]) => [id, rows.map(rounded)]));
    await eventually(async () => {
      const there = new Map(
        (await export_()).map(({ metric, values, timestamps }) => [
          metric["device"] ?? "",
          timestamps.flatMap((at, i) => (at <= until ? [rounded(`${at} ${values[i] ?? ""}`)] : [])),
        ]),
      );
      assertSame(there, expected);
      return true;
    }, "all of them in VictoriaMetrics");
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
});

test("a collector gets OTLP with the credential of the file, which is renewed without a restart", async () => {
  await using folder = await temporaryFolder("outlets");
  const credentials = join(folder.path, "otlp");
  await writeFile(credentials, "Bearer old\n", { mode: 0o600 });
  const seen: { readonly authorization: string; readonly body: Request_ }[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { authorization = "" } = request.headers;
    const isRight = authorization === "Bearer new";
    if (isRight) seen.push({ authorization, body: JSON.parse(String(Buffer.concat(chunks))) as Request_ });
    response.writeHead(isRight ? 200 : 401, { "content-type": "application/json" }).end("{}");
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
    await using world = await startWorld({
      devices: 1,
      labels: { site: "berlin" },
      controlPlane: { flags: ["--otlp", url, "--otlp-authorization", credentials, "--metrics-label", "site"] },
    });
    const failing = await eventually(async () => {
      const each = await outletOf(world);
      return each?.state === "failing" && each;
    }, "the refusal to be noticed");
    assert.match(failing.reason, /^401/);
    await writeFile(credentials, "Bearer new\n");
    await eventually(async () => seen.length > 0 && (await outletOf(world))?.state === "working", "a request");

    const [resource] = seen[0]?.body.resourceMetrics ?? [];
    const { items } = await world.client.call("cpl/dm/device/list", {});
    assert.deepEqual(resource?.resource.attributes, [
      { key: "device.id", value: { stringValue: items[0]?.id } },
      { key: "host.name", value: { stringValue: items[0]?.name } },
      { key: "edgemere.label.site", value: { stringValue: "berlin" } },
    ]);
    const names = resource?.scopeMetrics[0]?.metrics.map(({ name }) => name) ?? [];
    const { metrics } = await world.client.call("cpl/ta/metrics", { device: items[0]?.id ?? "" });
    assert.deepEqual(new Set(names), new Set(metrics.map(({ metric }) => metric)));
    assert.doesNotMatch(world.controlPlane.output, /Bearer|\bold\b/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a control plane stops although a target keeps it waiting, and says nothing of a failure", async () => {
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  let left = () => {};
  const hasLeft = new Promise<void>((resolve) => (left = resolve));
  const server = createServer((request) => {
    request.socket.once("close", left);
    asked();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
    await using world = await startWorld({ devices: 1, controlPlane: { flags: ["--otlp", url] } });
    await isAsked;

    assert.equal(await world.controlPlane.stop(), 0);
    await hasLeft;
    await world.controlPlane.start();
    assert.equal((await outletOf(world))?.state, "working");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

interface Request_ {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly object[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}
