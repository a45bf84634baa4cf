import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { Aedes } from "aedes";
import { connectAsync } from "mqtt";
import { formatTopic, pack, SERVER_NAME } from "@edgemere/protocol";
import { ManualClock } from "@edgemere/protocol/simulated";
import { anAuthority } from "./broker.test-support.ts";
import { mqttBroker } from "./external-broker-connection.ts";
import type { BrokerMessage } from "./external-broker.ts";

/** Somebody else's broker, which knows no more than who leads to the root. */
async function aBroker({ mayHear = true, takes = true } = {}) {
  const authority = await anAuthority();
  const shown: unknown[] = [];
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_, subscription, done) => done(null, mayHear ? subscription : null),
    authorizePublish: (_client, _packet, done) => takes && done(null),
  });
  const sockets = new Set<TLSSocket>();
  const { key, certificate: cert } = authority.server;
  const server = createServer({ key, cert, ca: authority.root, requestCert: true }, (socket) => {
    sockets.add(socket);
    shown.push(socket.getPeerCertificate().subject.CN);
    broker.handle(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const own = { ...(await authority.client()), root: authority.root };
  const device = () =>
    connectAsync(url, { key: own.key, cert: own.certificate, ca: own.root, servername: SERVER_NAME });
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    url,
    own,
    shown,
    device,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      server.close();
    },
  };
}

const sync = pack("sync", { device: "d1" }, { sessionEpoch: 0, serverTimeMs: 1 });
const never = new AbortController().signal;
const clock = new ManualClock();

test("it shows who it is, hears what every device says, and is heard", async () => {
  await using broker = await aBroker();
  const heard: BrokerMessage[] = [];
  const stop = new AbortController();
  const device = await broker.device();
  const whole = new Promise<void>((resolve) => {
    void mqttBroker(
      [broker.url],
      broker.own,
      clock,
    )(async (message) => {
      heard.push(message);
      if (heard.length === 2) resolve();
    }, stop.signal).then(async (connection) => {
      await device.publishAsync(formatTopic("hello", { device: "d1" }), "one", { qos: 1 });
      await device.publishAsync(formatTopic("telemetry", { device: "d2" }), "two", { qos: 1 });
      await device.publishAsync(sync.topic, "not for us", { qos: 1 });
      await device.subscribeAsync(sync.topic, { qos: 1 });
      await connection.publish(sync);
    });
  });
  const topic = await new Promise((resolve) => device.once("message", resolve));
  await whole;

  assert.equal(topic, sync.topic);
  assert.deepEqual(
    heard.map(({ topic, payload, isRetained }) => [topic, Buffer.from(payload).toString(), isRetained]),
    [
      ["edgemere/v1/d1/up/hello", "one", false],
      ["edgemere/v1/d2/up/telemetry", "two", false],
    ],
  );
  assert.ok(broker.shown.includes("control-plane"));
  stop.abort();
  await device.endAsync(true);
});

test("a connection that is lost says so, and nothing more is published on it", async () => {
  await using broker = await aBroker();
  const connection = await mqttBroker([broker.url], broker.own, clock)(async () => {}, never);

  broker.cut();

  assert.match(await connection.over, /closed the connection|ECONNRESET/);
  await assert.rejects(connection.publish(sync), /closed the connection|ECONNRESET/);
});

test("a broker that answers and takes nothing is left", async () => {
  await using broker = await aBroker({ takes: false });
  const connection = await mqttBroker([broker.url], broker.own, clock)(async () => {}, never);

  const refused = assert.rejects(connection.publish(sync), /does not take what is sent/);
  await clock.advance(30_000);

  await refused;
  assert.equal(await connection.over, "the broker does not take what is sent");
});

test("the next try goes to the next of the broker's addresses", async () => {
  await using broker = await aBroker();
  const connect = mqttBroker(["mqtts://127.0.0.1:1", broker.url], broker.own, clock);

  await assert.rejects(
    connect(async () => {}, never),
    /ECONNREFUSED/,
  );
  const connection = await connect(async () => {}, never);
  broker.cut();
  await connection.over;
});

test("a connection ends when it is stopped, also while it is being made", async () => {
  await using broker = await aBroker();
  const [made, making] = [new AbortController(), new AbortController()];
  const connection = await mqttBroker([broker.url], broker.own, clock)(async () => {}, made.signal);
  const connecting = mqttBroker([broker.url], broker.own, clock)(async () => {}, making.signal);
  made.abort();
  making.abort();

  await assert.rejects(connecting);
  await connection.over;
});

test("a broker that lets nobody hear the devices is told as such", async () => {
  await using broker = await aBroker({ mayHear: false });

  await assert.rejects(
    mqttBroker([broker.url], broker.own, clock)(async () => {}, never),
    /look at its access rules/,
  );
});

test("a broker of another authority, and one that is not there, are told with the reason", async () => {
  await using broker = await aBroker();
  const { root } = await anAuthority();

  await assert.rejects(
    mqttBroker([broker.url], { ...broker.own, root }, clock)(async () => {}, never),
    /certificate/,
  );
  await assert.rejects(
    mqttBroker(["mqtts://127.0.0.1:1"], broker.own, clock)(async () => {}, never),
    /ECONNREFUSED/,
  );
});
