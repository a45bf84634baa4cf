import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import test from "node:test";
import { systemClock, type Clock } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { io, type Socket } from "socket.io-client";
import type { DomainEvent } from "../platform/domain-event.ts";
import type { ProblemDocument } from "../platform/problem.ts";
import { someParts } from "./faces.test-support.ts";
import { startFaces } from "./server.ts";

interface Batch {
  readonly events: readonly DomainEvent[];
  readonly next: number;
}
type Answer = { readonly output?: unknown; readonly from?: number; readonly problem?: ProblemDocument };

async function aServer(clock: Clock = systemClock) {
  const parts = await someParts(clock);
  const server = await startFaces(parts, { host: "127.0.0.1", port: 0 });
  const sockets: Socket[] = [];
  const open = (token: string | undefined, headers: Record<string, string> = {}) => {
    const socket = io(server.address, {
      path: "/edgemere/socket.io",
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      extraHeaders: headers,
      auth: token === undefined ? {} : { token },
    });
    sockets.push(socket);
    return socket;
  };
  const call = async (socket: Socket, name: string, ...message: unknown[]) =>
    (await socket.emitWithAck(name, ...message)) as Answer;
  const lamp = async (name: string) =>
    parts.dispatch(
      "toy/lamp/create",
      { name, pin: "1" },
      { actor: "test", via: "system", permissions: ["*"], requestId: name },
    );
  return {
    ...parts,
    server,
    open,
    call,
    lamp,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

const refusalOf = async (socket: Socket): Promise<ProblemDocument | undefined> => {
  const [error] = (await once(socket as never, "connect_error")) as [Error & { data?: ProblemDocument }];
  return error.data;
};

test("an action is called over the socket as over REST", async () => {
  await using server = await aServer();
  const socket = server.open("edt_owner");

  const made = await server.call(socket, "call", { path: "toy/lamp/create", input: { name: "hall", pin: "1" } });
  const who = await server.call(socket, "call", { path: "toy/who" });

  assert.deepEqual(Object.keys(made.output as object).toSorted(), ["id", "name"]);
  assert.equal((who.output as { via: string }).via, "websocket");
});

test("who shows no credential, or a wrong one, is told so and let go", async () => {
  await using server = await aServer();

  assert.equal((await refusalOf(server.open(undefined)))?.type, "/problems/not-signed-in");
  assert.equal((await refusalOf(server.open("edt_gone")))?.type, "/problems/not-signed-in");
});

test("a cookie counts only with an origin that is known", async () => {
  await using server = await aServer();
  const cookie = "edgemere_session=edt_owner";

  const own = server.open(undefined, { cookie, origin: server.server.address });
  assert.equal(((await server.call(own, "call", { path: "toy/who" })).output as { actor: string }).actor, "user:owner");
  assert.equal((await refusalOf(server.open(undefined, { cookie })))?.type, "/problems/forbidden");
  assert.equal(await refusalOf(server.open(undefined, { cookie, origin: "https://evil.example" })), undefined);
});

test("a message that makes no sense gets a problem and harms nobody", async () => {
  await using server = await aServer();
  const socket = server.open("edt_owner");

  const kinds = await Promise.all([
    server.call(socket, "call"),
    server.call(socket, "call", null),
    server.call(socket, "call", { path: 7 }),
    server.call(socket, "call", { path: "toy/none" }),
    server.call(socket, "call", { path: "toy/fail" }),
    server.call(socket, "subscribe", { types: "*" }),
    server.call(socket, "subscribe", { types: ["lamb.*"] }),
    server.call(socket, "subscribe", { types: ["*"], after: 99 }),
    server.call(socket, "unsubscribe", 1),
  ]);
  socket.emit("call", "no acknowledgement");
  // An event of which the name is a number.
  socket.io.engine.write("2[7]");

  assert.deepEqual(
    kinds.map(({ problem }) => problem?.status),
    [400, 400, 400, 404, 500, 400, 400, 400, 400],
  );
  assert.match(kinds[6]?.problem?.detail ?? "", /there are: \*, lamp\.\*/);
  assert.ok((await server.call(socket, "call", { path: "toy/who" })).output);
});

test("who leaves and stays connected is let go: no check of credentials would find it any more", async () => {
  await using server = await aServer();
  const socket = server.open("edt_owner");
  await once(socket as never, "connect");

  // The packet by which a client leaves, without the end of its connection that follows.
  const closed = once(socket.io.engine as never, "close");
  socket.io.engine.write("1");

  await closed;
});

test("bytes that are no HTTP are answered and forgotten", async () => {
  await using server = await aServer();
  const raw = connect(server.server.port, "127.0.0.1");
  raw.end("\u0000\u0001 nonsense\r\n\r\n");

  const [answer] = (await once(raw, "data")) as [Buffer];

  assert.match(answer.toString(), /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/);
});

test("a connection that wants another protocol is told so and ended, also when it was answered before", async () => {
  await using server = await aServer();
  const raw = connect(server.server.port, "127.0.0.1");
  raw.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(raw, "data");

  const ended = once(raw, "end");
  raw.write("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  const [answer] = (await once(raw, "data")) as [Buffer];
  await ended;

  assert.match(
    answer.toString(),
    /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*leave out the header Upgrade/,
  );
});

test("a subscriber gets what was, then what comes, in order and without secrets", async () => {
  await using server = await aServer();
  await server.lamp("first");
  const socket = server.open("edt_owner");
  const events: DomainEvent[] = [];
  const both = new Promise<number>((resolve) => {
    socket.on("events", (batch: Batch, acknowledge: () => void) => {
      events.push(...batch.events);
      acknowledge();
      if (events.length === 2) resolve(batch.next);
    });
  });

  const eventsBeforeAnswer = await new Promise<number>((resolve) => {
    socket.emit("subscribe", { types: ["lamp.create"], after: 0 }, () => resolve(events.length));
  });
  await server.lamp("second");

  assert.equal(await both, 2);
  assert.equal(eventsBeforeAnswer, 0);
  assert.deepEqual(
    events.map(({ number, type, data }) => [number, type, data["name"], data["pin"]]),
    [
      [1, "lamp.create", "first", undefined],
      [2, "lamp.create", "second", undefined],
    ],
  );
});

test("a subscriber that does not acknowledge gets no second batch", async () => {
  await using server = await aServer();
  await server.lamp("first");
  const socket = server.open("edt_owner");
  let batches = 0;
  const first = new Promise<() => void>((resolve) => {
    socket.on("events", (_: Batch, acknowledge: () => void) => {
      batches++;
      resolve(acknowledge);
    });
  });
  await server.call(socket, "subscribe", { types: ["*"], after: 0 });
  const acknowledge = await first;
  for (let count = 0; count < 20; count++) await server.lamp(`lamp ${count}`);
  await server.call(socket, "call", { path: "toy/who" });
  assert.equal(batches, 1);

  const second = once(socket as never, "events") as Promise<[Batch]>;
  acknowledge();
  const [{ events, next }] = await second;

  assert.deepEqual([events.length, next], [20, 21]);
});

test("who may not read events may not subscribe", async () => {
  await using server = await aServer();

  const { problem } = await server.call(server.open("edt_reader"), "subscribe", { types: ["*"] });

  assert.equal(problem?.type, "/problems/forbidden");
});

test("the connection of a revoked credential ends within a second", async () => {
  const clock = new ManualClock();
  await using server = await aServer(clock);
  const socket = server.open("edt_owner");
  await server.call(socket, "call", { path: "toy/who" });
  const ended = once(socket as never, "disconnect");

  server.revoke("edt_owner");
  await clock.advance(999);

  assert.deepEqual((await ended)[0], "io server disconnect");
});
