import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { formatToken, v1 } from "@edgemere/protocol";
import { MINUTE, SECOND, systemClock } from "@edgemere/protocol/kit";
import { seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { anAuthority, publicKeyOf } from "./certificates.test-support.ts";
import { keyring } from "./control-plane.test-support.ts";
import { enrol, type Busy, type EnrolmentOptions } from "./enrol.ts";
import { loadIdentity } from "./identity.ts";

interface Asked {
  readonly token: string;
  readonly certificateRequest: string;
  readonly name: string;
}
type Answer = (
  asked: Asked,
) =>
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "hang up";

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
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
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

const enrolOn = (disk: SimulatedDisk, token: string, over: Partial<EnrolmentOptions> = {}) =>
  enrol({
    token,
    env: { clock: systemClock, disk, random: seededRandom(1) },
    name: "host",
    machineId: "m",
    agentVersion: "1",
    ...over,
  });

/** Enrols at a control plane that gives these answers first; tells what was said to the person, and how long it waited. */
async function afterAnswers(busy: readonly { readonly status: number; readonly retryAfter?: string }[]) {
  await using controlPlane = await startControlPlane();
  const { world, give } = controlPlane;
  const left = [...busy];
  world.answer = (asked) => {
    const next = left.shift();
    if (next === undefined) return give(asked);
    const headers = next.retryAfter === undefined ? {} : { "retry-after": next.retryAfter };
    return { status: next.status, body: { detail: "slow down" }, headers };
  };
  const slept: number[] = [];
  const told: Busy[] = [];
  const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) };
  const disk = new SimulatedDisk();
  const env = { clock, disk, random: seededRandom(1) };
  const outcome = await enrolOn(disk, controlPlane.token(), { env, onBusy: (each) => told.push(each) }).then(
    ({ device }) => device,
    (error: Error) => error.message,
  );
  return { outcome, slept, told, asked: controlPlane.asked.length };
}

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

test("a control plane that has too much to do is asked again when it said, with the same key, and the person is told", async () => {
  const { outcome, slept, told, asked } = await afterAnswers([
    { status: 429, retryAfter: "30" },
    { status: 503, retryAfter: "90" },
  ]);

  assert.deepEqual([outcome, asked], ["device-1", 3]);
  assert.deepEqual(
    told.map(({ detail, wait }, i) => [detail, wait === slept[i]]),
    [
      ["slow down", true],
      ["slow down", true],
    ],
  );
  // A fleet that was told the same does not come back in step.
  const bounds = [30 * SECOND, 90 * SECOND].map((least) => [least, 1.5 * least] as const);
  assert.deepEqual(
    bounds.map(([least, most], i) => least <= (slept[i] ?? 0) && (slept[i] ?? 0) <= most),
    [true, true],
  );
});

test("a wait that is absurd, or is not told in seconds, is bounded by the host's own measure", async () => {
  const answers = ["999999999999", "1e300", "-5", "0", "", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"].map(
    (retryAfter) => ({ status: 429, retryAfter }),
  );

  const { outcome, slept } = await afterAnswers([...answers, { status: 429 }]);

  assert.equal(outcome, "device-1");
  assert.equal(slept.length, answers.length + 1);
  assert.deepEqual(
    slept.filter((wait) => wait < SECOND || wait > 15 * MINUTE),
    [],
  );
});

test("a control plane that cannot answer and does not say until when is not waited for", async () => {
  const { outcome, slept, asked } = await afterAnswers([{ status: 503 }]);

  assert.match(outcome, /did not enrol this host: slow down/);
  assert.deepEqual([slept, asked], [[], 1]);
});

test("whoever stops an enrolment that waits is heard", async () => {
  await using controlPlane = await startControlPlane({
    answer: () => ({ status: 429, body: { detail: "slow down" } }),
  });
  const stop = new AbortController();

  const enrolling = enrolOn(new SimulatedDisk(), controlPlane.token(), {
    signal: stop.signal,
    onBusy: () => stop.abort(),
  });

  await assert.rejects(enrolling, { kind: "unreachable", message: /was stopped while it waits/ });
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
