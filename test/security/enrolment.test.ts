import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { Agent, createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { formatToken, parseToken } from "@edgemere/protocol";
import { AgentProgram } from "../world/agent-program.ts";
import { ask } from "../world/faces.ts";
import { startWorld, type World } from "../world/world.ts";
import { aKey, anIdentity, askDeviceApi, registering } from "./device-identity.ts";

const GUESSES = 10_000;
const AT_ONCE = 50;
const REGISTER = "cpl/dm/agent/register";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

/** Where devices enrol. */
const door = (from: World = world) => ({
  server: `https://127.0.0.1:${from.controlPlane.ready.ports.deviceApi}`,
  rootCertificate: from.controlPlane.ready.root,
});
const names = async () => (await world.client.call("cpl/dm/device/list", { limit: 500 })).items.map(({ name }) => name);

test("T08 of many who use a single token at once exactly one becomes a device, and nobody after", async () => {
  const { token, id } = await world.client.call("cpl/dm/token/create", {});
  const keys = await Promise.all(Array.from({ length: 20 }, () => aKey(world.folder)));

  const answers = await Promise.all(
    keys.map((key, i) => askDeviceApi(door(), REGISTER, registering(token, key, `t08-${i}`))),
  );

  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  const late = await askDeviceApi(door(), REGISTER, registering(token, await aKey(world.folder), "t08-late"));
  assert.equal(late.status, 403);
  const { token: revoked, id: other } = await world.client.call("cpl/dm/token/create", {});
  await world.client.call("cpl/dm/token/revoke", { id: other });
  const gone = await askDeviceApi(door(), REGISTER, registering(revoked, await aKey(world.folder), "t08-revoked"));
  assert.deepEqual([gone.status, gone.body["certificate"]], [403, undefined]);
  assert.equal((await names()).filter((name) => name.startsWith("t08")).length, 1);
  assert.ok(id !== other);
});

test("T08 ten thousand guesses at an open token enrol nobody, and are slowed down", async () => {
  await using guessed = await startWorld();
  const { token } = await guessed.client.call("cpl/dm/token/create", {});
  const key = await aKey(guessed.folder);
  const { id } = parseToken(token);
  const statuses = new Map<number, number>();
  const connections = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const guess = async (i: number) => {
    const wrong = { ...registering(token, key, "t08-guess"), token: `${id}.${String(i).padStart(43, "A")}` };
    const { status } = await askDeviceApi(door(guessed), REGISTER, wrong, undefined, connections);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };

  for (let from = 0; from < GUESSES; from += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => guess(from + i)));

  assert.equal(statuses.get(200), undefined);
  assert.ok((statuses.get(403) ?? 0) < GUESSES / 2, "most were not even looked at");
  assert.ok((statuses.get(429) ?? 0) > 0, "the rest was told to slow down");
  assert.deepEqual((await guessed.client.call("cpl/dm/device/list")).items, []);
  connections.destroy();
});

test("T09 an agent tells nothing to a server that is not the token's, whatever address it has", async () => {
  const { token } = await world.client.call("cpl/dm/token/create", {});
  // A control plane of its own, with its own authority: as good a certificate as somebody else can have.
  await using stranger = await startWorld();
  const { secret, id, pin } = parseToken(token);
  const impostor = formatToken({ id, secret, pin, server: door(stranger).server });
  await using agent = new AgentProgram({ dataFolder: join(world.folder, "t09") });

  agent.enrol(impostor, "t09");

  assert.equal(await agent.ended(), 4, agent.output);
  assert.match(agent.output, /is not the one that made this token.*Nothing was sent/s);
  assert.ok(!stranger.controlPlane.output.includes(secret));
  const { items } = await stranger.client.call("ia/audit/list", { limit: 500 });
  assert.ok(
    items.every(({ action }) => action !== REGISTER),
    "nobody asked there",
  );
});

test("T09 nor to one that shows the right root beside a certificate that is not of it", async () => {
  const { token } = await world.client.call("cpl/dm/token/create", {});
  await using stranger = await startWorld();
  const authority = join(stranger.controlPlane.dataFolder, "authority");
  const own = await readFile(join(authority, "server.pem"), "utf8");
  const heard: string[] = [];
  const server = createServer({ key: own, cert: `${own}\n${world.controlPlane.ready.root}` }, (request, response) => {
    heard.push(request.url ?? "");
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { secret, id, pin } = parseToken(token);
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using agent = new AgentProgram({ dataFolder: join(world.folder, "t09-root") });

  agent.enrol(formatToken({ id, secret, pin, server: address }), "t09-root");

  assert.notEqual(await agent.ended(), 0);
  assert.deepEqual(heard, []);
  server.close();
});

test("T10 a token never gives out an identity that exists: the same name or host becomes another device, which waits", async () => {
  const first = await anIdentity(world, "t10-host");
  const { token } = await world.client.call("cpl/dm/token/create", {});

  const again = await askDeviceApi(door(), REGISTER, registering(token, await aKey(world.folder), "t10-host"));

  assert.deepEqual([again.status, again.body["state"], again.body["certificate"]], [200, "waiting", undefined]);
  assert.notEqual(again.body["device"], first.device);
  const { items } = await world.client.call("cpl/dm/device/waiting", {});
  const [waiting] = items.filter(({ id }) => id === again.body["device"]);
  assert.deepEqual([waiting?.state, waiting?.identity?.replaces], ["pending", first.device]);
  assert.equal((await world.client.call("cpl/dm/device/find", { device: "t10-host" })).id, first.device);
});

test("T11 the authority's keys are readable by their owner only, and no address gives out a byte of them", async () => {
  const { dataFolder } = world.controlPlane;
  const folder = join(dataFolder, "authority");
  const secrets: string[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const text = await readFile(path, "latin1");
    assert.equal((await stat(path)).mode & 0o077, 0, `${name} is its owner's alone`);
    const key = /-----BEGIN PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1]?.replaceAll(/\\s/g, "");
    if (key !== undefined) secrets.push(key.slice(40, 80));
  }
  assert.ok(secrets.length >= 5, "there are keys to look for");

  const openapi = await ask(`${world.baseUrl}/edgemere/openapi.json`, "GET", { token: world.token });
  const paths = Object.keys(openapi.body["paths"] ?? {});
  const tries = [
    ...paths,
    ...[
      "authority/root.pem",
      "../authority/root.pem",
      "%2e%2e/authority/root.pem",
      "admin/../../authority/commands.pem",
    ].map((path) => `/${path}`),
  ];
  assert.ok(paths.length > 50, "every action is among them");
  for (const path of tries) {
    const response = await fetch(`${world.baseUrl}${path}`, { headers: { authorization: `Bearer ${world.token}` } });
    const text = (await response.text()).replaceAll(/\\n|\s/g, "");
    assert.ok(!secrets.some((secret) => text.includes(secret)), path);
  }
});
