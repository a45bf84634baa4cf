import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { Server, type Socket } from "socket.io";
import { watchValues, type WatchedValue } from "./client-values.ts";
import { ProblemError } from "./client.ts";

interface Call {
  readonly path: string;
  readonly input: { readonly after?: string; readonly metric?: readonly string[] };
}
type Answer = (answer: object) => void;

/** The other end of the channel, which answers calls as a test says. */
async function startChannel(onCall: (answer: Answer, call: Call, count: number, socket: Socket) => void) {
  const calls: Call[] = [];
  const http = createServer();
  const io = new Server(http, { path: "/edgemere/socket.io", transports: ["websocket"] });
  io.on("connection", (socket) => {
    socket.on("call", (call: Call, answer: Answer) => {
      calls.push(call);
      onCall(answer, call, calls.length, socket);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    io,
    calls,
    baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => io.close(),
  };
}

const aValue = (value: number, at = value): WatchedValue => ({
  device: "d1",
  name: "gw-1",
  metric: "load",
  instance: "",
  at,
  value,
});
const answered = (values: readonly WatchedValue[], position: string) => ({ output: { values, position } });

async function take(count: number, values: AsyncIterable<WatchedValue>): Promise<readonly number[]> {
  const taken: number[] = [];
  for await (const { value } of values) if (taken.push(value) === count) break;
  return taken;
}

test("values come as they are told, each answer asked for after the one before", async () => {
  await using channel = await startChannel((answer, _, count) => answer(answered([aValue(count)], `p.${count}`)));

  assert.deepEqual(await take(2, watchValues({ baseUrl: channel.baseUrl, wanted: { metric: ["load"] } })), [1, 2]);
  assert.deepEqual(
    channel.calls.slice(0, 2).map(({ path, input }) => [path, input.metric, input.after]),
    [
      ["cpl/ta/watch", ["load"], undefined],
      ["cpl/ta/watch", ["load"], "p.1"],
    ],
  );
});

test("what a device tells again and has not moved is told once", async () => {
  const answers = [[aValue(1)], [], [aValue(1)], [aValue(1, 2)], [aValue(3)]];
  await using channel = await startChannel((answer, _, count) =>
    answer(answered(answers[count - 1] ?? [], `p.${count}`)),
  );

  assert.deepEqual(await take(3, watchValues({ baseUrl: channel.baseUrl, wanted: {} })), [1, 1, 3]);
});

test("who loses the connection while waiting goes on from where it was", async () => {
  await using channel = await startChannel((answer, { input }, count, socket) => {
    if (count === 1) answer(answered([aValue(1)], "p.1"));
    else if (count === 2) socket.conn.close();
    else answer(answered([aValue(2)], `${input.after ?? "nowhere"}+`));
  });

  assert.deepEqual(await take(2, watchValues({ baseUrl: channel.baseUrl, wanted: {} })), [1, 2]);
  assert.deepEqual(
    channel.calls.slice(0, 3).map(({ input }) => input.after),
    [undefined, "p.1", "p.1"],
  );
});

test("a refusal ends it with the problem, and so does a connection that is refused", async () => {
  const problem = { type: "/problems/forbidden", title: "Not allowed", status: 403, detail: "it needs telemetry:read" };
  await using channel = await startChannel((answer) => answer({ problem }));
  const isForbidden = (error: unknown) => error instanceof ProblemError && error.kind === "forbidden";

  await assert.rejects(take(1, watchValues({ baseUrl: channel.baseUrl, wanted: {} })), isForbidden);
  channel.io.use((_, next) => next(Object.assign(new Error("no"), { data: problem })));
  await assert.rejects(take(1, watchValues({ baseUrl: channel.baseUrl, wanted: {} })), isForbidden);
});

test("it ends without an error when its signal says so while it waits", async () => {
  const stop = new AbortController();
  await using channel = await startChannel(() => stop.abort());

  assert.deepEqual(await take(1, watchValues({ baseUrl: channel.baseUrl, wanted: {}, signal: stop.signal })), []);
});
