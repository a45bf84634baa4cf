import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { io, type Socket } from "socket.io-client";
import { Counter } from "../platform/figures.ts";
import { problems } from "../platform/problem.ts";
import { someParts } from "./faces.test-support.ts";
import { startFaces } from "./server.ts";

const types = Object.keys(problems);
const each = (listener: string) => types.map((reason) => [listener, reason, 1] as const);

async function aServer() {
  const refusals = new Counter({ name: "refused", help: "Refused" }, ["listener", "reason"]);
  const parts = await someParts(systemClock, { refusals });
  const server = await startFaces(parts, { host: "127.0.0.1", port: 0 });
  const sockets: Socket[] = [];
  const counted = () =>
    refusals.figure().samples.map(({ labels, value }) => [labels["listener"], labels["reason"], value] as const);
  const has = async (listener: string, reason: string) => {
    while (!counted().some(([at, why]) => at === listener && why === reason)) await systemClock.sleep(1);
  };
  const open = (token: string, headers: Record<string, string> = {}) => {
    const options = { path: "/edgemere/socket.io", transports: ["websocket"], reconnection: false, forceNew: true };
    const socket = io(server.address, { ...options, extraHeaders: headers, auth: { token } });
    sockets.push(socket);
    return socket;
  };
  const post = (path: string, input: object) =>
    fetch(`${server.address}/edgemere/${path}`, {
      method: "POST",
      headers: { authorization: "Bearer edt_owner", "content-type": "application/json" },
      body: JSON.stringify(input),
    });
  return {
    port: server.port,
    address: server.address,
    counted,
    has,
    open,
    post,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("every problem that the API can tell of is counted over HTTP under its own name", async () => {
  await using server = await aServer();

  for (const type of types) {
    const answer = await server.post("toy/refuse", { with: type });
    assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
  }

  assert.deepEqual(server.counted(), each("portal"));
});

test("every problem that the API can tell of is counted over the socket under its own name", async () => {
  await using server = await aServer();
  const socket = server.open("edt_owner");

  for (const type of types) await socket.emitWithAck("call", { path: "toy/refuse", input: { with: type } });

  assert.deepEqual(server.counted(), each("websocket"));
});

for (const [what, request, reason] of [
  ["an address that is none", "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "not-found"],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\n", "invalid-input"],
  ["a method that is none", "NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed"],
  ["what is no HTTP", "\u0000\u0001 nonsense\r\n\r\n", "malformed"],
  ["a head that does not end", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(64 * 1024)}\r\n\r\n`, "too-large"],
] as const)
  test(`a request with ${what} is counted as ${reason}`, async () => {
    await using server = await aServer();
    const raw = connect(server.port, "127.0.0.1");
    raw.on("error", () => {});
    raw.write(request);

    await server.has("portal", reason);

    assert.deepEqual(server.counted(), [["portal", reason, 1]]);
    raw.destroy();
  });

const join = async (server: Awaited<ReturnType<typeof aServer>>) => {
  const socket = server.open("edt_owner");
  await once(socket as never, "connect");
  return socket;
};

for (const [what, reason, attack] of [
  ["no credential that is one", "not-signed-in", async (server) => server.open("edt_gone")],
  [
    "a page from elsewhere",
    "forbidden",
    async (server) => server.open("edt_owner", { origin: "https://evil.example" }),
  ],
  ["a message that is none", "unknown-action", async (server) => (await join(server)).emit("dance")],
  ["a packet that cannot be read", "malformed", async (server) => (await join(server)).io.engine.write("9[")],
  [
    "a packet that is too large",
    "too-large",
    async (server) => (await join(server)).io.engine.write("x".repeat(2 ** 21)),
  ],
  [
    "more packets than anybody sends",
    "too-fast",
    async (server) => {
      const { engine } = (await join(server)).io;
      for (let count = 0; count < 1_500; count++) engine.write("3");
    },
  ],
  [
    "something else before it asked to be let in",
    "never-joined",
    async ({ port }) => {
      const raw = connect(port, "127.0.0.1");
      raw.write(
        "GET /edgemere/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      );
      await once(raw, "data");
      // A text frame (RFC 6455, 5.2), masked with zeros.
      const text = '42["call"]';
      raw.write(Buffer.concat([Buffer.of(0x81, 0x80 | text.length, 0, 0, 0, 0), Buffer.from(text)]));
    },
  ],
  [
    "another transport",
    "invalid-input",
    async ({ address }) => fetch(`${address}/edgemere/socket.io/?EIO=4&transport=polling`),
  ],
] as const satisfies readonly (readonly [
  string,
  string,
  (server: Awaited<ReturnType<typeof aServer>>) => Promise<unknown>,
])[])
  test(`a socket with ${what} is counted as ${reason}, once`, async () => {
    await using server = await aServer();

    await attack(server);
    await server.has("websocket", reason);

    assert.deepEqual(server.counted(), [["websocket", reason, 1]]);
  });
