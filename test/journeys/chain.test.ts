import assert from "node:assert/strict";
import { test } from "node:test";
import { startChildOf } from "../world/child-plane.ts";
import { connect } from "../world/subscriber.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const METRIC = "memory.used_percent";

/** What the samples of a site were in all. */
async function sums(world: World, from: number, selector: string) {
  const asked = { metric: [METRIC], selector, from, step: "1m" } as const;
  const { client } = world;
  return Promise.all(
    (["count", "sum", "max", "p95"] as const).map(async (what) => {
      const { series } = await client.call("cpl/ta/query", { ...asked, metric: [METRIC], function: what });
      return series.map(({ devices, overall }) => [devices, overall?.toPrecision(9)]);
    }),
  );
}

test("three control planes in a row know the same of a site's devices, although two of them are killed in the middle", async () => {
  await using centre = await startWorld({ controlPlane: { flags: ["--windows-every", "10s"] } });
  const { world: region_, ...region } = await startChildOf(centre, "region", 0);
  await using regional = region_;
  const { world: edge_, ...edge } = await startChildOf(regional, "edge", 2);
  await using site = edge_;
  const from = Date.now() - 60_000;
  // Nobody is believed before somebody has declared it, and says so.
  await eventually(async () => {
    const { reason } = await site.client.call("cpl/ta/parent/find", {});
    return /^403: .*speaks for no child/.test(reason);
  }, "the edge to be refused");
  await regional.client.call("cpl/ta/child/create", { name: "edge", reporter: edge.reporter, origins: [edge.origin] });
  await centre.client.call("cpl/ta/child/create", {
    name: "region",
    reporter: region.reporter,
    origins: [region.origin, edge.origin],
  });
  const isKnown = async (world: World) => (await sums(world, from, "site=edge"))[0]?.[0]?.[0] === 2;
  await eventually(() => isKnown(centre), "both devices of the site in the centre");

  await regional.controlPlane.kill();
  await eventually(async () => {
    const { reason } = await site.client.call("cpl/ta/parent/find", {});
    return reason !== "";
  }, "the edge to notice that the region is away");
  await centre.controlPlane.kill();
  await regional.controlPlane.start();
  await centre.controlPlane.start();
  for (const device of site.devices) await device.stop();

  const told = await sums(site, from, "site=edge");
  assert.equal(told[0]?.[0]?.[0], 2);
  for (const world of [regional, centre])
    await eventually(async () => {
      assert.deepEqual(await sums(world, from, "site=edge"), await sums(site, from, "site=edge"));
      return true;
    }, "the same sums");
  const [known] = (await centre.client.call("cpl/ta/child/devices", { child: "region" })).items;
  const asked = { device: known?.id ?? "", metric: [METRIC], from };
  const { resolution, child, series } = await centre.client.call("cpl/ta/history", asked);
  assert.deepEqual([resolution, child?.name, child?.origin], ["1m", "region", edge.origin]);
  assert.ok((series[0]?.value.length ?? 0) > 0, "its minutes in the centre");
  const followed = await centre.client.call("cpl/ta/watch", { device: known?.id ?? "", metric: [METRIC] });
  assert.deepEqual(
    followed.values.map(({ name, value }) => [name, value]),
    [[`region/${known?.name ?? ""}`, series[0]?.value.at(-1)]],
  );
  const { items } = await centre.client.call("cpl/ta/child/list", {});
  assert.deepEqual(
    items.map(({ name, state, devices, refused, lost }) => ({ name, state, devices, refused, lost })),
    [{ name: "region", state: "reporting", devices: 2, refused: [], lost: 0 }],
  );
});

interface Heard {
  readonly device: string;
  readonly child: string;
  readonly resolution: string;
  readonly series: readonly { readonly metric: string; readonly at: number[]; readonly value: number[] }[];
}

test("who may hear samples in the centre hears those of a child's devices over MQTT, on the id that they have in history", async () => {
  const flags = ["--windows-every", "10s", "--subscribers-telemetry", "on"];
  await using centre = await startWorld({ controlPlane: { flags } });
  const { world: edge_, ...edge } = await startChildOf(centre, "edge", 2);
  await using site = edge_;
  const { token } = await centre.client.call("ia/token/create", { name: "ear", permissions: ["telemetry:read"] });
  await using listener = await connect(centre, token);
  await using elsewhere = await connect(centre, token, "elsewhere");
  await listener.client.subscribeAsync(`edgemere/v1/telemetry/${edge.origin}/+`, { qos: 1 });
  await elsewhere.client.subscribeAsync("edgemere/v1/telemetry/another/+", { qos: 1 });
  await centre.client.call("cpl/ta/child/create", { name: "edge", reporter: edge.reporter, origins: [edge.origin] });

  const heard = () => listener.received.map(({ topic, event }) => ({ topic, ...(event as unknown as Heard) }));
  await eventually(async () => new Set(heard().map(({ topic }) => topic)).size === 2, "minutes of both devices");

  const [first] = heard();
  assert.ok(first);
  assert.deepEqual(
    [first.topic, first.child, first.resolution],
    [`edgemere/v1/telemetry/${first.device}`, "edge", "1m"],
  );
  for (const device of site.devices) await device.stop();
  // A minute that went on is told again: the last word for it is what history has.
  await eventually(async () => {
    const { series } = await centre.client.call("cpl/ta/history", { device: first.device, metric: [METRIC] });
    const [at, value] = [series[0]?.at.at(-1), series[0]?.value.at(-1)];
    const told = heard()
      .filter(({ device }) => device === first.device)
      .flatMap((each) => each.series.filter(({ metric }) => metric === METRIC))
      .at(-1);
    return told?.at.at(-1) === at && told?.value.at(-1) === value;
  }, "the newest minute to be heard as history has it");
  assert.deepEqual(elsewhere.received, []);
});
