import assert from "node:assert/strict";
import { test } from "node:test";
import { createJob } from "../world/jobs.ts";
import { connect, EVENTS, type Subscriber } from "../world/subscriber.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const makeToken = ({ client }: World, permissions: readonly string[]) =>
  client.call("ia/token/create", { name: "a dashboard", permissions: [...permissions] });

test("a subscriber with an API token receives domain events as CloudEvents in their order, until the token is revoked", async (t) => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const { id, token } = await makeToken(world, ["event:read"]);
  await using subscriber = await connect(world, token);
  await subscriber.client.subscribeAsync(EVENTS, { qos: 1 });

  const job = await createJob(world, "fake-001", "ping");

  const events = await subscriber.upTo("edgemere.job.succeeded");
  const [first] = events.filter(({ subject }) => subject === job);
  assert.ok(first);
  const { time, sequence, ...rest } = first;
  assert.deepEqual(
    { ...rest, source: rest.source.replace(/:\/\/.*/, "") },
    {
      specversion: "1.0",
      id: String(Number(sequence)),
      source: "edgemere",
      type: "edgemere.job.create",
      subject: job,
      datacontenttype: "application/json",
      data: first.data,
    },
  );
  assert.equal(first.data["kind"], "ping");
  assert.equal(new Date(time).getTime(), first.data["createdAt"]);
  assert.deepEqual(
    events.map((event) => event.sequence),
    events.map((event) => event.sequence).toSorted(),
  );
  const { topic } = subscriber.received.find(({ event }) => event.type === "edgemere.job.succeeded") ?? {};
  assert.equal(topic, "edgemere/v1/events/job/succeeded");

  const revokedAt = performance.now();
  await world.client.call("ia/token/revoke", { id });
  await subscriber.closed;
  t.diagnostic(`cut off ${Math.round(performance.now() - revokedAt)} ms after the token was revoked`);
  await assert.rejects(connect(world, token), /Bad username or password|Not authorized/i);
});

test("a subscriber only listens, and only to events", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const { id } = await world.client.call("cpl/dm/device/find", { device: "fake-001" });
  const { token } = await makeToken(world, ["event:read"]);

  await using curious = await connect(world, token, "curious");
  for (const filter of ["#", "edgemere/#", `edgemere/v1/${id}/up/telemetry`, "$SYS/#"]) {
    const granted = await curious.client.subscribeAsync(filter, { qos: 1 }).catch(() => [{ qos: 128 }]);
    assert.deepEqual(
      granted.map(({ qos }) => qos),
      [128],
      filter,
    );
  }
  await using loud = await connect(world, token, "loud");
  await using listener = await connect(world, token, "listener");
  await listener.client.subscribeAsync(EVENTS);
  loud.client.publish("edgemere/v1/events/job/succeeded", "{}", { qos: 1 });
  await loud.closed;
  await createJob(world, "fake-001", "ping");
  const events = await listener.upTo("edgemere.job.succeeded");
  assert.ok(
    events.every(({ specversion }) => specversion === "1.0"),
    "nothing but the control plane's own events",
  );
});

test("whoever may not read events does not get in", async () => {
  await using world = await startWorld();
  const { token } = await makeToken(world, ["device:read"]);

  for (const password of ["", "edt_nonsense", token])
    await assert.rejects(connect(world, password), /Bad username or password|Not authorized/i);
});

test("two programs that chose the same client id do not disturb each other", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const tokens = [await makeToken(world, ["event:read"]), await makeToken(world, ["event:read"])];
  const [one, other] = tokens.map(({ token }) => token);
  await using first = await connect(world, one ?? "", "dashboard");
  await using second = await connect(world, other ?? "", "dashboard");
  await first.client.subscribeAsync(EVENTS);
  await second.client.subscribeAsync(EVENTS);

  await createJob(world, "fake-001", "ping");

  const heard = await Promise.all([first, second].map((each) => each.upTo("edgemere.job.succeeded")));
  assert.deepEqual(
    heard.map((events) => events.length > 0),
    [true, true],
  );
  assert.ok(first.client.connected && second.client.connected);
});

const TELEMETRY = "edgemere/v1/telemetry/+";

interface Samples {
  readonly device: string;
  readonly series: readonly {
    readonly metric: string;
    readonly at: readonly number[];
    readonly value: readonly number[];
  }[];
}

test("where it is switched on, who may read telemetry hears what devices measure as it is stored, and no events", async () => {
  await using world = await startWorld({
    devices: 2,
    controlPlane: { flags: ["--subscribers-telemetry", "on"] },
  });
  const { id, token } = await makeToken(world, ["telemetry:read"]);
  await using listener = await connect(world, token);
  assert.deepEqual(await grantedTo(listener, TELEMETRY), [1]);
  assert.deepEqual(await grantedTo(listener, EVENTS), [128]);
  await using reader = await connect(world, (await makeToken(world, ["event:read"])).token);
  assert.deepEqual(await grantedTo(reader, TELEMETRY), [128]);

  const heard = () => listener.received.map(({ topic, event }) => ({ topic, samples: event as unknown as Samples }));
  await eventually(async () => new Set(heard().map(({ topic }) => topic)).size === 2, "samples of both devices");
  const [first] = heard();
  assert.ok(first);
  assert.equal(first.topic, `edgemere/v1/telemetry/${first.samples.device}`);
  for (const { metric, at, value } of first.samples.series.slice(0, 3)) {
    const { series } = await world.client.call("cpl/ta/history", {
      device: first.samples.device,
      metric: [metric],
      points: 10_000,
    });
    for (const [i, instant] of at.entries())
      assert.ok(series.some((each) => each.value[each.at.indexOf(instant)] === value[i]));
  }
  assert.deepEqual(reader.received, []);
  await world.client.call("ia/token/revoke", { id });
  await listener.closed;
});

test("where it is not switched on, nobody hears what devices measure", async () => {
  await using world = await startWorld();
  const { token } = await makeToken(world, ["event:read", "telemetry:read"]);
  await using listener = await connect(world, token);

  assert.deepEqual(await grantedTo(listener, TELEMETRY), [128]);
  assert.deepEqual(await grantedTo(listener, EVENTS), [1]);
});

const grantedTo = async ({ client }: Subscriber, filter: string) =>
  (await client.subscribeAsync(filter, { qos: 1 }).catch(() => [{ qos: 128 }])).map(({ qos }) => qos);
