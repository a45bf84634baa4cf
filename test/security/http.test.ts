import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { ask, live } from "../world/faces.ts";
import { newestNumber } from "../world/happenings.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

const MIB = 1024 * 1024;
const tokens = () => `${world.baseUrl}/edgemere/cpl/dm/token/create`;
const head = (more = "", path = "/edgemere/cpl/dm/token/create") =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${world.token}\r\nContent-Type: application/json\r\n${more}`;

interface Raw extends Disposable {
  readonly socket: Socket;
  readonly said: () => string;
  readonly closed: Promise<unknown>;
}
/** A bare connection to the portal's door. */
async function opened(): Promise<Raw> {
  const socket = connect({ port: world.controlPlane.ready.ports.portal, host: "127.0.0.1" });
  socket.on("error", () => {});
  let said = "";
  socket.setEncoding("latin1").on("data", (text: string) => (said += text));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  return { socket, said: () => said, closed, [Symbol.dispose]: () => void socket.destroy() };
}
const othersGoOn = async () =>
  assert.equal(
    (await ask(`${world.baseUrl}/edgemere/ia/whoami`, "POST", { token: world.token, input: {} })).status,
    200,
  );
const memory = async () => (await ask(`${world.baseUrl}/healthz`, "GET")).status;

/** What must be answered, or ended, at once: bytes, and the status of the first answer. */
const malformed: readonly (readonly [title: string, bytes: () => string, status: RegExp])[] = [
  [
    "both Content-Length and Transfer-Encoding",
    () => head("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    /^HTTP\/1\.1 400/,
  ],
  ["two lengths", () => head("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), /^HTTP\/1\.1 400/],
  ["a length that is no number", () => head("Content-Length: 0x10\r\n\r\n{}"), /^HTTP\/1\.1 400/],
  ["a negative length", () => head("Content-Length: -1\r\n\r\n{}"), /^HTTP\/1\.1 400/],
  ["a chunk without a size", () => head("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"), /^HTTP\/1\.1 400/],
  [
    "a chunk longer than it says",
    () => head("Transfer-Encoding: chunked\r\n\r\n1\r\n{}{}\r\n0\r\n\r\n"),
    /^HTTP\/1\.1 400/,
  ],
  [
    "an unknown transfer encoding",
    () => head("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    /^HTTP\/1\.1 400/,
  ],
  [
    "a header with a break of a line in it",
    () => head("X-A: a\nX-B: b\r\n b\r\nContent-Length: 2\r\n\r\n{}"),
    /^HTTP\/1\.1 [42]00/,
  ],
  ["a header with a NUL in it", () => head("X-A: a\u0000b\r\nContent-Length: 2\r\n\r\n{}"), /^HTTP\/1\.1 400/],
  [
    "a hundred thousand headers",
    () => head(`${Array.from({ length: 100_000 }, (_, i) => `x-${i}: y\r\n`).join("")}\r\n`),
    /^HTTP\/1\.1 4(00|31)/,
  ],
  [
    "an address of 64 KiB",
    () => head("Content-Length: 2\r\n\r\n{}", `/edgemere/${"a".repeat(65_536)}`),
    /^HTTP\/1\.1 4(00|14|31)/,
  ],
  ["a body that is announced with 100 MiB", () => head(`Content-Length: ${100 * MIB}\r\n\r\n`), /^HTTP\/1\.1 413/],
  ["a protocol that is none", () => "GET / HTTP/9.9\r\n\r\n", /^HTTP\/1\.1 (400|505)/],
  ["bytes of TLS", () => "\u0016\u0003\u0001\u0002\u0000\u0001", /^HTTP\/1\.1 400/],
];
for (const [title, bytes, status] of malformed)
  test(`T26 a request with ${title} is refused, does nothing, and others go on`, async () => {
    const before = await newestNumber(world);
    using raw = await opened();

    raw.socket.write(Buffer.from(bytes(), "latin1"));
    await eventually(async () => raw.said() !== "", "an answer");

    assert.match(raw.said(), status);
    assert.doesNotMatch(raw.said(), /node_modules|\.js:\d+|ECONN/);
    await othersGoOn();
    assert.ok((await newestNumber(world)) - before <= (raw.said().startsWith("HTTP/1.1 200") ? 2 : 0));
  });

const deep = (depth: number) => `${'{"labels":'.repeat(depth)}1${"}".repeat(depth)}`;
const bodies: readonly (readonly [title: string, body: string, status: number])[] = [
  ["objects within each other ten thousand deep", deep(10_000), 400],
  ["lists within each other a hundred thousand deep", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 400],
  ["a number that is endless", '{"uses":1e400}', 400],
  ["a number of a thousand digits", `{"uses":${"9".repeat(1_000)}}`, 400],
  ["a key that reaches for the prototype", '{"__proto__":{"uses":9}}', 400],
  ["a key that reaches for the prototype, written as escapes", '{"\\u005f_proto__":{"uses":9}}', 400],
  ["a key that reaches for the constructor's prototype", '{"constructor":{"prototype":{"uses":9}}}', 400],
  ["the same key twice, the last of them wrong", '{"uses":1,"uses":"many"}', 400],
  [
    "a hundred thousand keys",
    JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 1]))),
    400,
  ],
  ["half a character", '{"labels":{"a":"\\ud800"},"uses":"x"}', 400],
];
for (const [title, raw, status] of bodies)
  test(`T26 a body with ${title} is refused with what is wrong, and nothing is stored`, async () => {
    const before = await newestNumber(world);

    const answer = await ask(tokens(), "POST", { token: world.token, raw });

    assert.equal(answer.status, status, JSON.stringify(answer.body).slice(0, 300));
    assert.equal(await newestNumber(world), before);
    assert.equal(({} as Record<string, unknown>)["uses"], undefined);
    await othersGoOn();
  });

for (const encoding of ["gzip", "br", "deflate", "gzip, gzip"])
  test(`T26 a body that is packed with ${encoding} is not unpacked`, async () => {
    const bomb = gzipSync(Buffer.alloc(16 * MIB));
    const response = await fetch(tokens(), {
      method: "POST",
      headers: {
        authorization: `Bearer ${world.token}`,
        "content-type": "application/json",
        "content-encoding": encoding,
      },
      body: bomb,
    });

    assert.equal(response.status, 415);
    assert.match(await response.text(), /without Content-Encoding/);
  });

test("T26 a body of 100 MiB that is really sent is cut off at the limit", async () => {
  using raw = await opened();
  raw.socket.write(head("Transfer-Encoding: chunked\r\n\r\n"));
  const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(MIB, "a"), Buffer.from("\r\n")]);

  for (let sent = 0; sent < 100 && !raw.socket.destroyed; sent++)
    await Promise.race([new Promise((resolve) => raw.socket.write(chunk, () => resolve(undefined))), raw.closed]);

  await raw.closed;
  assert.ok(raw.socket.bytesWritten < 50 * MIB);
  await othersGoOn();
});

test("T26 a thousand requests in one piece are answered in their order", async () => {
  using raw = await opened();
  raw.socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000));

  await eventually(async () => raw.said().split("HTTP/1.1 200").length === 1_001, "a thousand answers");

  await othersGoOn();
});

test("T26 what a stranger says of where it comes from is not believed", async () => {
  const guess = (forwarded: string) =>
    ask(`${world.baseUrl}/edgemere/ia/signin`, "POST", {
      input: { name: "nobody", password: "a wrong password" },
      headers: { "x-forwarded-for": forwarded, forwarded: `for=${forwarded}`, "x-real-ip": forwarded },
    });

  const answers: number[] = [];
  for (let i = 0; i < 30 && !answers.includes(429); i++) answers.push((await guess(`192.0.2.${i}`)).status);

  assert.ok(answers.includes(429), answers.join(" "));
});

test("T26 every answer tells a browser what it may not do with it", async () => {
  for (const path of ["/", "/admin/", "/healthz", "/edgemere/ia/status", "/problems", "/nowhere", "/edgemere/docs"]) {
    const { headers } = await fetch(`${world.baseUrl}${path}`, { redirect: "manual" });
    const policy = headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.match(policy, /base-uri 'none'/, path);
    assert.match(policy, /script-src 'self'(;|$)/, path);
    assert.doesNotMatch(policy, /unsafe-|\*|http:|https:/, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("x-frame-options")?.toUpperCase(), "SAMEORIGIN", path);
    assert.equal(headers.get("referrer-policy"), "same-origin", path);
    assert.equal(headers.get("x-powered-by"), null, path);
    assert.equal(headers.get("server"), null, path);
  }
});

test("T26 the door of devices tells browsers that there is nothing to show, and to come by TLS only", async () => {
  const { ports } = world.controlPlane.ready;
  const { request } = await import("node:https");
  const asked = request({ port: ports.deviceApi, path: "/nowhere", rejectUnauthorized: false }).end();
  const [response] = (await once(asked, "response")) as [{ headers: Record<string, string>; resume(): void }];
  response.resume();

  const { headers } = response;
  assert.match(headers["strict-transport-security"] ?? "", /max-age=\d{7,}/);
  assert.equal(headers["content-security-policy"], "default-src 'none';frame-ancestors 'none'");
  assert.equal(headers["x-content-type-options"], "nosniff");
});

/** A WebSocket by hand, past its handshake. */
async function webSocket(extensions = ""): Promise<Raw> {
  const raw = await opened();
  raw.socket.write(
    `GET /edgemere/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}\r\n${extensions}\r\n`,
  );
  await eventually(async () => raw.said().includes('0{"sid"'), "the handshake");
  return raw;
}
/** A masked text frame of less than 126 bytes. */
const frame = (text: string) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text, "latin1")]);

const framesThatEnd: readonly (readonly [title: string, bytes: Buffer])[] = [
  ["announces a gigabyte", Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ["is not masked", Buffer.from([0x81, 0x01, 0x61])],
  ["sets bits that mean nothing", Buffer.from([0xf1, 0x81, 0, 0, 0, 0, 0x61])],
  ["is of a kind that is none", Buffer.from([0x83, 0x81, 0, 0, 0, 0, 0x61])],
  ["says it is compressed", Buffer.from([0xc1, 0x81, 0, 0, 0, 0, 0x61])],
  ["is no text", Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff])],
];
for (const [title, bytes] of framesThatEnd)
  test(`T26 a frame of a WebSocket that ${title} ends the connection, and others go on`, async () => {
    using raw = await webSocket();

    raw.socket.write(bytes);
    await raw.closed;

    await othersGoOn();
  });

test("T26 a WebSocket is not compressed, whoever asks for it", async () => {
  using raw = await webSocket("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");

  assert.doesNotMatch(raw.said(), /sec-websocket-extensions/i);
});

// Each is waiting for the door's patience to end.
describe("who is waited for in vain", { concurrency: true }, () => {
  for (const [title, begin] of [
    ["its head byte by byte", () => "POST /edgemere/ia/status HTTP/1.1\r\nHost: a\r\nX-Slow: "],
    ["no word at all", () => ""],
  ] as const)
    test(`T26 who sends ${title} is cut off, and a hundred of them keep nobody out`, async () => {
      const slow = await Promise.all(Array.from({ length: 100 }, opened));
      const timers = slow.map(({ socket }) => {
        socket.write(begin());
        return setInterval(() => begin() !== "" && socket.write("a"), 500);
      });
      await othersGoOn();

      await Promise.all(slow.map(({ closed }) => closed));

      for (const timer of timers) clearInterval(timer);
      await othersGoOn();
    });

  test("T26 a million frames of one byte end the connection that sends them", async () => {
    using raw = await webSocket();
    const frames = Buffer.concat(Array.from({ length: 10_000 }, () => frame("3")));

    for (let sent = 0; sent < 100 && !raw.socket.destroyed; sent++)
      await Promise.race([new Promise((resolve) => raw.socket.write(frames, () => resolve(undefined))), raw.closed]);
    await raw.closed;

    await othersGoOn();
  });

  test("T26 who opens a WebSocket and does not say who it is is sent away", async () => {
    using raw = await webSocket();

    await raw.closed;
  });

  test("T26 who asks and asks over a WebSocket and never reads is sent away, and nothing piles up", async () => {
    using raw = await webSocket();
    raw.socket.write(frame(`40{"token":"x"}`.slice(0, 125)));
    raw.socket.pause();
    raw.socket.removeAllListeners("data");

    for (let sent = 0; sent < 10_000 && !raw.socket.destroyed; sent++) {
      raw.socket.write(frame('42["call",{"path":"ia/status"}]'));
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    raw.socket.resume();
    await raw.closed;

    await othersGoOn();
    assert.equal(await memory(), 200);
  });
});

test("T26 after all that a socket.io client is served as ever", async () => {
  using socket = live(world.baseUrl, world.token);

  assert.equal((await socket.emit("call", { path: "ia/whoami" })).problem, undefined);
});
