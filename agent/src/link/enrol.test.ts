import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { formatToken, v1 } from "@edgemere/protocol";
import { systemClock } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { anAuthority, publicKeyOf } from "./certificates.test-support.ts";
import { keyring } from "./control-plane.test-support.ts";
import { enrol } from "./enrol.ts";
import { loadIdentity } from "./identity.ts";

interface Asked {
  readonly token: string;
  readonly certificateRequest: string;
  readonly name: string;
}
type Answer = (asked: Asked) => { readonly status: number; readonly body: unknown } | "hang up";

const SECRET = "s".repeat(43);

/** A control plane's enrolment address, over real TLS. */
async function startControlPlane(over: { answer?: Answer; dnsName?: string } = {}) {
  const authority = anAuthority(over.dnsName === undefined ? {} : { dnsName: over.dnsName });
  const asked: Asked[] = [];
  const give: Answer = ({ certificateRequest }) => ({
    status: 200,
    body: {
      device: "device-1",
      name: "host",
      trustDomain: "test",
      certificate: authority.certify({ name: "device-1", publicKey: publicKeyOf(certificateRequest) }),
      chain: [authority.root],
      keyring: Buffer.from(v1.Keyring.encode(keyring).finish()).toString("base64"),
      mqtt: ["mqtts://127.0.0.1:8883"],
    },
  });
  const world = { answer: over.answer ?? give };
  const reply = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(await text(request)) as Asked;
    asked.push(body);
    const answer = world.answer(body);
    if (answer === "hang up") {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  };
  const server = createServer(authority.server, (request, response) => void reply(request, response));
  const address = await listening(server);
  const token = (pin = authority.pin) => formatToken({ id: "t1", secret: SECRET, pin, server: address });
  return { world, give, asked, token, [Symbol.asyncDispose]: () => closed(server) };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}

const enrolOn = (disk: SimulatedDisk, token: string) =>
  enrol({
    token,
    env: { clock: systemClock, disk, random: seededRandom(1) },
    name: "host",
    machineId: "m",
    agentVersion: "1",
  });

test("a token becomes an identity that a later start finds", async () => {
  await using controlPlane = await startControlPlane();
  const disk = new SimulatedDisk();

  const identity = await enrolOn(disk, controlPlane.token());

  assert.deepEqual(await loadIdentity(disk), identity);
  assert.equal(identity.device, "device-1");
  assert.equal(identity.keyring.version, 3);
  assert.equal(controlPlane.asked[0]?.token, `t1.${SECRET}`);
  assert.deepEqual(await disk.list("."), ["identity.json"]);
});

test("an answer that got lost is asked for again with the same key", async () => {
  await using controlPlane = await startControlPlane({ answer: () => "hang up" });
  const disk = new SimulatedDisk();
  await assert.rejects(enrolOn(disk, controlPlane.token()), { name: "EnrolmentFailed", kind: "unreachable" });

  controlPlane.world.answer = controlPlane.give;
  await enrolOn(disk, controlPlane.token());

  const [first, second] = controlPlane.asked.map((each) => publicKeyOf(each.certificateRequest));
  assert.deepEqual(first, second);
});

test("a control plane with another root than the token's hears nothing", async () => {
  await using controlPlane = await startControlPlane();

  await assert.rejects(enrolOn(new SimulatedDisk(), controlPlane.token("A".repeat(43))), {
    kind: "refused",
    message: /is not the one that made this token/,
  });
  assert.deepEqual(controlPlane.asked, []);
});

test("a server that shows the right root without a certificate of it hears nothing", async () => {
  await using controlPlane = await startControlPlane({ dnsName: "somebody.else" });

  await assert.rejects(enrolOn(new SimulatedDisk(), controlPlane.token()), /no connection/);
  assert.deepEqual(controlPlane.asked, []);
});

test("a refusal is shown in the control plane's own words", async () => {
  const body = { status: 403, detail: "this enrolment token was used already" };
  await using controlPlane = await startControlPlane({ answer: () => ({ status: 403, body }) });

  await assert.rejects(enrolOn(new SimulatedDisk(), controlPlane.token()), {
    kind: "refused",
    message: /this enrolment token was used already/,
  });
});

test("an answer that does not fit the host's key is not used, and the former identity stays", async () => {
  await using controlPlane = await startControlPlane();
  const disk = new SimulatedDisk();
  const former = await enrolOn(disk, controlPlane.token());
  const firstAsked = controlPlane.asked[0] as Asked;

  controlPlane.world.answer = () => controlPlane.give(firstAsked);
  await assert.rejects(enrolOn(disk, controlPlane.token()), /certificate that is not for its key/);
  controlPlane.world.answer = () => ({ status: 200, body: "nonsense" });
  await assert.rejects(enrolOn(disk, controlPlane.token()), /cannot be used/);

  assert.deepEqual(await loadIdentity(disk), former);
});

test("an identity and an answer of the first days, with one address, are read as a list of one", async () => {
  await using controlPlane = await startControlPlane();
  const { world, give } = controlPlane;
  const disk = new SimulatedDisk();
  const one = "mqtts://192.0.2.1:8883";
  world.answer = (asked) => ({ status: 200, body: { ...(give(asked) as { body: object }).body, mqtt: one } });

  const identity = await enrolOn(disk, controlPlane.token());
  assert.deepEqual(identity.mqtt, [one]);

  const stored = JSON.parse(Buffer.from((await disk.read("identity.json")) ?? []).toString()) as object;
  await disk.write("identity.json", Buffer.from(JSON.stringify({ ...stored, mqtt: one })));
  assert.deepEqual(await loadIdentity(disk), identity);
});

test("an identity without a usable address is damaged", async () => {
  await using controlPlane = await startControlPlane();
  const disk = new SimulatedDisk();
  await enrolOn(disk, controlPlane.token());
  const stored = JSON.parse(Buffer.from((await disk.read("identity.json")) ?? []).toString()) as object;

  for (const mqtt of [undefined, [], [5], ["mqtts://a:8883", "https://a"], "a:8883"]) {
    await disk.write("identity.json", Buffer.from(JSON.stringify({ ...stored, mqtt })));
    await assert.rejects(loadIdentity(disk), /identity\.json .* is damaged: .* has no mqtts:\/\/ address as mqtt/);
  }
});

test("an identity file that is damaged is named and left alone", async () => {
  const disk = new SimulatedDisk();
  await disk.write("identity.json", Buffer.from("{"));

  await assert.rejects(loadIdentity(disk), /identity\.json of the data folder is damaged/);
  assert.equal((await disk.read("identity.json"))?.length, 1);
});
