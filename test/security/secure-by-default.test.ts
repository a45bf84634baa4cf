import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient, type Client } from "@edgemere/control-plane/client";
import { ask, live } from "../world/faces.ts";
import { eventually, owner } from "../world/world.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { declaredActions } from "../conformance/served.ts";
import { aKey } from "./device-identity.ts";
import { mqttAnswer, plainAnswer, tlsAnswer, WEAK_SUITES } from "./doors.ts";
import { noTrace, startFresh, type FreshStart } from "./fresh-start.ts";
import { doorsOf, processTree } from "./processes.ts";

// The tests go on from each other: a stranger comes before the owner has made an account.
let fresh: FreshStart;
let client: Client;
let session = "";
before(async () => {
  fresh = await startFresh();
});
after(() => fresh[Symbol.asyncDispose]());

const pathOf = ({ path }: (typeof declaredActions)[number]): string => path as string;
const isOpen = ({ permission }: (typeof declaredActions)[number]): boolean => permission === "anyone";
const identity = () =>
  eventually(
    async () =>
      JSON.parse(await readFile(join(fresh.dataFolder, "agent/identity.json"), "utf8")) as Record<string, string>,
    "the agent to be enrolled",
  );

test("T32 a fresh start opens its four doors and no other, and the one without TLS to this machine only", async () => {
  const { ports, program } = fresh;

  const doors = await doorsOf(await processTree(program.pid));

  assert.deepEqual(
    doors,
    [
      `tcp 0.0.0.0:${ports.deviceApi}`,
      `tcp 0.0.0.0:${ports.mqtt}`,
      `tcp 127.0.0.1:${ports.portal}`,
      `tcp 127.0.0.1:${ports.subscribers}`,
    ].toSorted(),
  );
});

test("T32 nobody comes through a door of a fresh start without TLS", async () => {
  const { ports } = fresh;

  for (const port of [ports.mqtt, ports.subscribers, ports.deviceApi])
    for (const words of [MQTT_CONNECT, "GET /edgemere/ia/status HTTP/1.1\r\nhost: x\r\n\r\n"])
      assert.doesNotMatch(await plainAnswer(port, words), /^(\x20|HTTP\/1\.1 [123])/);
});

test("T32 every door speaks TLS 1.2 or newer, with suites that are authenticated and forget their keys", async () => {
  const { key = "", certificate = "" } = await identity();
  const own = { key, cert: certificate };

  for (const port of [fresh.ports.mqtt, fresh.ports.subscribers, fresh.ports.deviceApi]) {
    const accepted = [];
    for (const suite of WEAK_SUITES)
      if (await tlsAnswer(port, { ...own, maxVersion: "TLSv1.2", ciphers: suite })) accepted.push(suite);
    for (const version of ["TLSv1", "TLSv1.1"] as const)
      if (await tlsAnswer(port, { ...own, minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" }))
        accepted.push(version);
    assert.deepEqual(accepted, [], `port ${port}`);
    // The same attempt with what is offered comes through: the doors were really tried.
    assert.equal(await tlsAnswer(port, { ...own, maxVersion: "TLSv1.2" }), "TLSv1.2", `port ${port}`);
    assert.equal(await tlsAnswer(port, own), "TLSv1.3", `port ${port}`);
  }
});

test("T32 without the setup code no action of a fresh start gives anything or changes anything", async () => {
  const nobody = { methods: ["GET", "POST", "PUT", "PATCH", "DELETE"], headers: {} };
  const strangers = ["edt_nobody_made-up", fresh.setupCode, fresh.enrolmentToken].map((token) => ({
    methods: ["POST"],
    headers: { authorization: `Bearer ${token}` },
  }));
  const answers = [];
  for (const path of declaredActions.filter((action) => !isOpen(action)).map(pathOf))
    for (const { methods, headers } of [nobody, ...strangers])
      for (const method of methods) {
        const { status } = await ask(`${fresh.baseUrl}/edgemere/${path}`, method, { headers });
        if (![401, 405].includes(status)) answers.push([method, path, status]);
      }

  assert.deepEqual(answers, []);
});

test("T32 what anybody may ask of a fresh start is what this list says, and made-up proofs get nothing", async () => {
  const { device = "" } = await identity();
  const { name, password } = owner;
  const signature = randomBytes(32).toString("base64");
  await using folder = await temporaryFolder("stranger");
  const { certificateRequest } = await aKey(folder.path);
  const joinState = "made-up.made-up";
  const found = { name, machineId: "made-up", agentVersion: "1.0.0", nonce: "made-up", messageKey: signature };
  const asked: Record<string, { readonly input: object; readonly gives?: readonly string[] }> = {
    // A number that only the device can sign, to whoever asks and whatever they name.
    "cpl/dm/agent/challenge": { input: { device }, gives: ["challenge", "expiresAt"] },
    "cpl/dm/agent/recover": { input: { device, challenge: "made-up", certificateRequest, joinState, signature } },
    "cpl/dm/agent/register": { input: { token: "made-up.made-up", certificateRequest, ...found } },
    "ia/password/reset": { input: { name, code: "made-up", password } },
    "ia/setup": { input: { code: "made-up", name, password } },
    "ia/signin": { input: { name, password } },
    "ia/signout": { input: {}, gives: ["ended"] },
    "ia/sso/begin": { input: { redirect: `${fresh.baseUrl}/signed-in` } },
    "ia/sso/finish": { input: { flow: "made-up", answer: "code=made-up&state=made-up" } },
    "ia/status": { input: {}, gives: ["hasSingleSignOn", "isSetUp", "version"] },
    "ia/whoami": { input: {}, gives: ["actor", "limited", "permissions", "proof"] },
  };
  for (const [path, { input, gives }] of Object.entries(asked)) {
    const { status, body } = await ask(`${fresh.baseUrl}/edgemere/${path}`, "POST", { input });
    if (gives !== undefined) assert.deepEqual(Object.keys(body).toSorted(), gives, path);
    else assert.ok([401, 403, 409].includes(status), `${path}: ${status} ${JSON.stringify(body)}`);
  }

  assert.deepEqual(declaredActions.filter(isOpen).map(pathOf).toSorted(), Object.keys(asked));
});

test("T32 a guessed setup code makes no account", async () => {
  const guesses = ["", "0", "00000-00000-00000-00000-00000", fresh.setupCode.slice(0, -1), fresh.enrolmentToken];

  for (const code of guesses) {
    const { status } = await ask(`${fresh.baseUrl}/edgemere/ia/setup`, "POST", { input: { code, ...owner } });
    assert.ok([400, 401, 403, 429].includes(status), `"${code}" was answered with ${status}`);
  }
  const { body } = await ask(`${fresh.baseUrl}/edgemere/ia/status`, "GET");
  assert.equal(body["isSetUp"], false, JSON.stringify(body));
});

test("T32 nobody comes onto the live channel or a broker of a fresh start", async () => {
  const { baseUrl, ports, setupCode, enrolmentToken } = fresh;
  for (const token of ["", "edt_nobody_made-up", setupCode, enrolmentToken]) {
    using channel = live(baseUrl, token);
    await assert.rejects(channel.emit("call", { path: "ia/status" }), { message: /sign in/ });
    await assert.rejects(mqttAnswer(ports.subscribers, { username: "admin", password: token }));
    await assert.rejects(mqttAnswer(ports.mqtt, { username: "admin", password: token }));
  }
  await assert.rejects(mqttAnswer(ports.subscribers, {}));
});

test("T32 what anybody may read of a fresh start names no device, no address and no secret", async () => {
  const { device = "", name = "" } = await identity();
  const open = [
    "/",
    "/admin",
    "/healthz",
    "/readyz",
    "/problems",
    "/edgemere/openapi.json",
    "/edgemere/catalogue.json",
  ];
  for (const path of [...open, "/edgemere/docs", "/edgemere/ia/status"]) {
    const { body } = await ask(`${fresh.baseUrl}${path}`, "GET");
    const text = JSON.stringify(body);
    for (const secret of [device, name, fresh.dataFolder, fresh.setupCode, fresh.enrolmentToken])
      assert.ok(!text.includes(secret), `${path} tells ${secret}`);
  }
});

test("T12 a program is run on no host that has not allowed it, also when the owner asks", async () => {
  const { token = "" } = await createClient({ baseUrl: fresh.baseUrl }).call("ia/setup", {
    code: fresh.setupCode,
    ...owner,
  });
  session = token;
  client = createClient({ baseUrl: fresh.baseUrl, token });
  const device = "this-machine";
  const marker = join(fresh.dataFolder, "it-ran");
  await eventually(
    async () => (await client.call("cpl/dm/device/find", { device })).presence === "online",
    "this machine to come online",
  );

  const asked = [
    { kind: "exec", arguments: { argv: ["touch", marker] } },
    { kind: "service.restart", arguments: { name: "ssh" } },
    { kind: "service.stop", arguments: { name: "ssh" } },
    { kind: "reboot", arguments: {} },
  ] as const;
  for (const each of asked) {
    const { job } = await client.call("cpl/dm/job/create", { device, ...each });
    const command = await eventually(async () => {
      const [only] = (await client.call("cpl/dm/job/find", { job: job.id })).commands;
      return only?.state === "rejected" && only;
    }, `${each.kind} to be rejected`);
    assert.equal(command.reason, "not-allowed");
  }
  assert.equal(existsSync(marker), false);
});

test("T11 every file of a fresh start is for its owner alone, backups too", async () => {
  const { id } = await client.call("ops/backup/create", {});
  await eventually(
    async () => (await client.call("ops/backup/find", { backup: id })).backup.state === "ready",
    "the backup to be made",
  );

  const open = [];
  for (const path of ["", ...(await readdir(fresh.dataFolder, { recursive: true }))]) {
    // What was there at the look may be gone: a store tidies up.
    const found = await stat(join(fresh.dataFolder, path)).catch(() => undefined);
    if (found && (found.mode & 0o077) !== 0) open.push(`${path} ${(found.mode & 0o777).toString(8)}`);
  }
  assert.deepEqual(open, []);
});

test("T31 no secret stands in an argument, an environment, a log or an address", async () => {
  const { key = "", messageKey = "" } = await identity();
  const authority = join(fresh.dataFolder, "authority");
  const files = (await readdir(authority)).filter((name) => name.endsWith(".pem"));
  const keys = await Promise.all(files.map((name) => readFile(join(authority, name), "utf8")));
  const secrets = [
    fresh.setupCode,
    owner.password,
    session,
    fresh.enrolmentToken.split(".").at(-1) ?? "",
    ...[key, messageKey, ...keys].flatMap(privateLines),
  ];

  const processes = await processTree(fresh.program.pid);
  const logs = await Promise.all(
    ["control-plane.log", "agent.log"].map((name) => readFile(join(fresh.dataFolder, name), "utf8")),
  );
  const [, portal = ""] = await fresh.program.said(/Portal +(\S+)/);
  const texts = [...processes.flatMap(({ argv, environment }) => [argv, environment]), ...logs, portal];

  assert.ok(processes.length >= 3 && logs.every((log) => log !== "") && secrets.length > 6 && session !== "");
  assert.deepEqual(
    secrets.filter((secret) => texts.some((text) => text.includes(secret))),
    [],
  );
});

test("T32 no name and password that everybody knows opens a fresh start", async () => {
  const names = ["admin", "root", "edgemere", "user", owner.name];
  const passwords = ["admin", "root", "password", "edgemere", "changeme", "123456", fresh.setupCode];
  const statuses = [];
  for (const name of names)
    for (const password of passwords)
      statuses.push((await ask(`${fresh.baseUrl}/edgemere/ia/signin`, "POST", { input: { name, password } })).status);

  // After some tries nobody is heard for a while.
  assert.deepEqual(new Set(statuses), new Set([401, 429]));
});

test("T34 T35 a fresh start speaks to nobody but itself", { skip: noTrace ?? false }, async () => {
  await fresh.program.stop();
  const calls = await readFile(fresh.callsFile, "utf8");
  const reached = [...calls.matchAll(/sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"/g)];
  const own = new Set(Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []));
  const doors = new Set(Object.values(fresh.ports).map(String));

  const strangers = reached.filter(([, port = "", address = ""]) => !own.has(address) || !doors.has(port));
  assert.deepEqual(
    strangers.map(([line]) => line),
    [],
  );
  // The agent came to its control plane: what was done was written down.
  assert.ok(reached.some(([, port]) => port === String(fresh.ports.mqtt)));
});

const privateLines = (pem: string): readonly string[] =>
  /-----BEGIN [A-Z ]*PRIVATE KEY-----\n([^-]+)\n-----END/.exec(pem)?.[1]?.split("\n").slice(0, 2) ?? [];

/** MQTT 3.1.1, client id `a`. */
const MQTT_CONNECT = Buffer.from("100d00044d5154540402003c000161", "hex").toString("latin1");
