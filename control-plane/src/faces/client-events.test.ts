import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { Server, type Socket } from "socket.io";
import { watchEvents } from "./client-events.ts";
import { ProblemError } from "./client.ts";

interface Wish {
  readonly types: readonly string[];
  readonly after?: number;
}
type Answer = (answer: object) => void;

/** The other end of the channel, which answers subscriptions as a test says. */
async function startChannel(onSubscribe: (socket: Socket, wish: Wish, answer: Answer, count: number) => void) {
  const wishes: Wish[] = [];
  const http = createServer();
  const io = new Server(http, { path: "/edgemere/socket.io", transports: ["websocket"] });
  io.on("connection", (socket) => {
    socket.on("subscribe", (wish: Wish, answer: Answer) => {
      wishes.push(wish);
      onSubscribe(socket, wish, answer, wishes.length);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    io,
    wishes,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => io.close(),
  };
}

const anEvent = (number: number) => ({ number, type: "device.online", subject: "d1", at: 1, data: {} });

async function take(count: number, events: AsyncIterable<{ readonly number: number }>): Promise<readonly number[]> {
  const numbers: number[] = [];
  for await (const { number } of events) if (numbers.push(number) === count) break;
  return numbers;
}

test("events come in order, and a batch is acknowledged when it was used up", async () => {
  let acknowledged = 0;
  await using channel = await startChannel((socket, _, answer) => {
    answer({ subscription: "s", from: 0 });
    socket.emit("events", { subscription: "s", events: [anEvent(1), anEvent(2)], next: 2 }, () => {
      acknowledged++;
      socket.emit("events", { subscription: "s", events: [anEvent(3)], next: 3 }, () => {});
    });
  });

  const numbers = await take(3, watchEvents({ baseUrl: channel.url, types: ["device.*"], after: 0 }));

  assert.deepEqual(numbers, [1, 2, 3]);
  assert.equal(acknowledged, 1);
  assert.deepEqual(channel.wishes, [{ types: ["device.*"], after: 0 }]);
});

test("after a broken connection it goes on where it stood", async () => {
  await using channel = await startChannel((socket, { after = 0 }, answer, count) => {
    answer({ subscription: "s", from: after });
    socket.emit("events", { subscription: "s", events: [anEvent(after + 1)], next: after + 1 }, () => {
      if (count === 1) socket.disconnect();
    });
  });

  const numbers = await take(2, watchEvents({ baseUrl: channel.url, types: ["*"], after: 7 }));

  assert.deepEqual(numbers, [8, 9]);
  assert.deepEqual(
    channel.wishes.map(({ after }) => after),
    [7, 8],
  );
});

test("who asks for new events only loses none when the connection breaks before the first", async () => {
  await using channel = await startChannel((socket, { after }, answer, count) => {
    answer({ subscription: "s", from: after ?? 41 });
    if (count === 1) socket.disconnect();
    else socket.emit("events", { subscription: "s", events: [anEvent(42)], next: 42 }, () => {});
  });

  const numbers = await take(1, watchEvents({ baseUrl: channel.url, types: ["*"] }));

  assert.deepEqual(numbers, [42]);
  assert.deepEqual(channel.wishes, [{ types: ["*"] }, { types: ["*"], after: 41 }]);
});

test("a refused subscription ends with the problem", async () => {
  const problem = { type: "/problems/forbidden", title: "Not allowed", status: 403, detail: "it needs event:read" };
  await using channel = await startChannel((_, __, answer) => answer({ problem }));

  await assert.rejects(
    take(1, watchEvents({ baseUrl: channel.url, types: ["*"] })),
    (error) => error instanceof ProblemError && error.kind === "forbidden",
  );
});

test("a refused connection ends with the problem", async () => {
  const problem = { type: "/problems/not-signed-in", title: "Not signed in", status: 401, detail: "sign in first" };
  await using channel = await startChannel(() => {});
  channel.io.use((_, next) => next(Object.assign(new Error("no"), { data: problem })));

  await assert.rejects(
    take(1, watchEvents({ baseUrl: channel.url, types: ["*"], token: "edt_1_x" })),
    (error) => error instanceof ProblemError && error.kind === "not-signed-in",
  );
});

test("it ends without an error when its signal says so", async () => {
  const stop = new AbortController();
  await using channel = await startChannel((_, __, answer) => {
    answer({ subscription: "s", from: 0 });
    stop.abort();
  });

  assert.deepEqual(await take(1, watchEvents({ baseUrl: channel.url, types: ["*"], signal: stop.signal })), []);
});
