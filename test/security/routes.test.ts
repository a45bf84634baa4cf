import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectAsync } from "mqtt";
import { io } from "socket.io-client";
import { createFaces } from "@edgemere/control-plane/faces";
import { formatTopic, SERVER_NAME, topics } from "@edgemere/protocol";
import { silentLog, systemClock } from "@edgemere/protocol/kit";
import { declaredActions, declaredResources, startServed, type Served } from "../conformance/served.ts";

let served: Served;
before(async () => {
  served = await startServed();
});
after(() => served[Symbol.asyncDispose]());

const guarded = declaredActions.filter(({ permission }) => permission !== "anyone");
const facesOf = ({ app }: Served) =>
  createFaces({
    ...app.core,
    actions: declaredActions,
    resources: declaredResources,
    authenticate: async () => undefined,
    clock: systemClock,
    log: silentLog,
    version: "0.0.0",
    health: () => app.core.health(),
    origins: [],
  });

test("T13 nobody gets anything but 401 from any action, by any method, however its address is written", async () => {
  for (const { path } of guarded as readonly { readonly path: string }[])
    for (const address of [path, path.toUpperCase(), `${path}?x=1`, path.replaceAll("/", "%2F")])
      for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]) {
        const { status } = await fetch(`${served.app.address}/edgemere/${address}`, { method });
        assert.ok([401, 404, 405].includes(status), `${method} ${address} gave ${status}`);
      }
});

test("T13 every route that the server has says who may ask it, and those for everyone give nothing of the installation", async () => {
  await using app = { faces: await facesOf(served), [Symbol.asyncDispose]: async () => app.faces.close() };
  await app.faces.ready();
  const open = ["/", "/admin", "/problems", "/problems/forbidden", "/healthz", "/readyz", "/edgemere/catalogue.json"];

  for (const url of [...open, "/edgemere/openapi.json", "/edgemere/docs"]) {
    const { body, statusCode } = await app.faces.inject({ url });
    assert.ok(statusCode < 400 || statusCode === 503, `${url} gave ${statusCode}`);
    assert.ok(!body.includes("olga"), `${url} names an account`);
  }
});

test("T13 a route that does not say who may ask it keeps the server from starting", async () => {
  const app = await facesOf(served);
  app.get("/backdoor", () => "come in");

  await assert.rejects(async () => app.ready(), /the route GET \/backdoor does not declare its access/);
});

test("T13 an action without a permission, or with a device and no scope, keeps the control plane from starting", async () => {
  const { scopes } = served.app.core;
  for (const action of guarded) assert.doesNotThrow(() => scopes.refuseUndeclared(action));
  const scoped = guarded.filter(({ scope }) => scope === "referenced");

  assert.ok(scoped.length > 15);
  for (const action of scoped) {
    const { scope: _, ...mute } = action;
    assert.throws(() => scopes.refuseUndeclared(mute as typeof action), /declares no scope/);
  }
});

test("T13 no message of the live channel is heard from who shows no credential, and no other message from anybody", async () => {
  const outside = io(served.app.address, { path: "/edgemere/socket.io", transports: ["websocket"], forceNew: true });
  const refused = await new Promise<Error>((resolve) => outside.once("connect_error", resolve));
  outside.disconnect();
  using inside = served.live(served.token);

  assert.match(refused.message, /sign in first/);
  for (const name of ["publish", "admin", "disconnecting2", "constructor", "__proto__"]) {
    const { problem } = await inside.emit(name, {});
    assert.equal(problem?.type, "/problems/unknown-action", name);
  }
});

test("T13 who shows no certificate comes to no topic of devices, and who shows no token to no event", async () => {
  const { ports, root } = served.app;
  const tries = [
    { port: ports.mqtt, clientId: "gw1" },
    { port: ports.subscribers, clientId: "x" },
    { port: ports.subscribers, clientId: "x", username: "any", password: "edt_nobody_made-up" },
  ];

  for (const { port, ...each } of tries)
    await assert.rejects(
      connectAsync(
        `mqtts://127.0.0.1:${port}`,
        { ca: root, servername: SERVER_NAME, reconnectPeriod: 0, ...each },
        false,
      ),
      JSON.stringify(each),
    );
});

test("T13 who may read events hears those, and no topic that devices speak on, and says nothing on any", async () => {
  const { ports, root } = served.app;
  const client = await connectAsync({
    protocol: "mqtts",
    host: "127.0.0.1",
    port: ports.subscribers,
    ca: root,
    servername: SERVER_NAME,
    username: "any",
    password: served.token,
    reconnectPeriod: 0,
  });
  const patterns = Object.values(topics).filter(({ way }) => way !== "out");
  const filters = [...patterns.map(({ pattern }) => pattern.replace("{device}", "+")), "#", "$SYS/#", "edgemere/v1/#"];

  for (const filter of filters) await assert.rejects(client.subscribeAsync(filter), /subscribe/i, filter);
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  client.publish(formatTopic("hello", { device: "gw1" }), "x");
  await closed;
  await client.endAsync(true);
});

test("T13 the devices' own port answers one action, and that one wants a token", async () => {
  const ask = (path: string) => served.askDevicesDoor(path, { body: "{}", token: served.token });

  for (const { path, forDevices } of declaredActions)
    if (forDevices !== true) assert.equal(await ask(path as string), 404, path as string);
  const [own] = declaredActions.filter(({ forDevices }) => forDevices === true);
  assert.equal(own?.path, "cpl/dm/agent/register");
  assert.equal(await ask("cpl/dm/agent/register"), 400);
});
