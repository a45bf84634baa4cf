import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { limits, SERVER_NAME } from "@edgemere/protocol";
import { silentLog, systemClock } from "@edgemere/protocol/kit";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { memoryDatabase } from "../platform/database.ts";
import { Counter } from "../platform/figures.ts";
import { Store } from "../platform/store.ts";
import { anAuthority } from "./broker.test-support.ts";
import { cloudEvent, startSubscribers } from "./subscribers.ts";

test("a domain event travels as a CloudEvent whose sequence sorts as text", () => {
  const data = { id: "d1", name: "gw-1", state: "active" };
  const event = { number: 42, type: "device.online", subject: "d1", at: 1_767_225_600_007, data };

  assert.deepEqual(cloudEvent(event, "fleet.test"), {
    specversion: "1.0",
    id: "42",
    source: "edgemere://fleet.test",
    type: "edgemere.device.online",
    subject: "d1",
    time: "2026-01-01T00:00:00.007Z",
    datacontenttype: "application/json",
    sequence: "0000000000000042",
    data,
  });
});

/** The listener, with tokens that are called like what they permit; `seen` resolves when this was counted. */
async function aListener() {
  const authority = await anAuthority();
  const refusals = new Counter({ name: "refused", help: "Refused" }, ["listener", "reason"]);
  const listener = await startSubscribers({
    ...authority,
    store: await Store.open(memoryDatabase(), systemClock),
    authenticate: async (credential) => ({ actor: "user:ann", permissions: [credential] }),
    arrivals: async () => ({ arrivals: [] }),
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    log: silentLog,
    refusals,
  });
  const clients: MqttClient[] = [];
  const open = (options: IClientOptions = {}): MqttClient => {
    const client = connect(`mqtts://127.0.0.1:${listener.port}`, {
      protocolVersion: 4,
      ca: authority.root,
      servername: SERVER_NAME,
      reconnectPeriod: 0,
      username: "any",
      password: "event:read",
      ...options,
    });
    clients.push(client);
    return client.on("error", () => {});
  };
  const counted = () => refusals.figure().samples.map(({ labels, value }) => [...Object.values(labels), value]);
  const seen = async (reason: string) => {
    while (!counted().some(([, why]) => why === reason)) await systemClock.sleep(1);
  };
  return {
    open,
    counted,
    seen,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.end(true);
      await listener[Symbol.asyncDispose]();
    },
  };
}

const joined = async (open: () => MqttClient): Promise<MqttClient> => {
  const client = open();
  await once(client as never, "connect");
  return client;
};
const filters = Array.from({ length: limits.filters + 1 }, (_, i) => `edgemere/v1/events/device/e${i}`);

for (const [what, reason, attack] of [
  ["whose token permits nothing here", "not-admitted", async (open) => open({ password: "device:read" })],
  [
    "that leaves a will",
    "not-yours",
    async (open) => open({ will: { topic: "edgemere/v1/events/device/online", payload: Buffer.from("x"), qos: 0 } }),
  ],
  ["that speaks", "wrong-direction", async (open) => (await joined(open)).publish("edgemere/v1/events/device/x", "x")],
  ["that asks for a topic that is not told", "unknown-topic", async (open) => (await joined(open)).subscribe("#")],
  [
    "that asks for what its token does not permit",
    "not-yours",
    async (open) => (await joined(open)).subscribe("edgemere/v1/telemetry/#"),
  ],
  [
    "that asks in one packet for more than it may hear",
    "too-many",
    async (open) => (await joined(open)).subscribe(filters),
  ],
  [
    "that sends what is too large",
    "too-large",
    async (open) => (await joined(open)).publish("edgemere/v1/events/device/x", Buffer.alloc(limits.connectBytes)),
  ],
] as const satisfies readonly (readonly [
  string,
  string,
  (open: (options?: IClientOptions) => MqttClient) => Promise<unknown>,
])[])
  test(`a subscriber ${what} is counted as ${reason}, once`, async () => {
    await using listener = await aListener();

    await attack(listener.open);
    await listener.seen(reason);

    assert.deepEqual(listener.counted(), [["subscribers", reason, 1]]);
  });
