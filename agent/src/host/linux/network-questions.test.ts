import assert from "node:assert/strict";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { createServer as createWebServer, type RequestListener } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import test from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import type { ProbeTarget } from "../host.ts";
import { fetchText } from "./fetch-text.ts";
import { probe } from "./probe.ts";

const ask = (target: ProbeTarget, signal = new AbortController().signal) => probe(target, systemClock, signal);

/** Listens on a free port of this machine. */
async function listening(server: Server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/metrics`, [Symbol.asyncDispose]: async () => void server.close() };
}
const web = (answer: RequestListener) => listening(createWebServer(answer));

test("a port that is open answers, and one that is closed does not", async () => {
  let port: number;
  {
    await using server = await listening(createServer((socket) => socket.on("error", () => {}).resume()));
    port = server.port;
    assert.ok((await ask({ kind: "tcp", host: "localhost", port })) >= 0);
  }

  await assert.rejects(ask({ kind: "tcp", host: "127.0.0.1", port }), /ECONNREFUSED/);
});

test("a web server's refusal is an answer, and one that never ends its answer has answered", async () => {
  await using server = await web((_, response) => void response.writeHead(503).write("busy"));

  assert.ok((await ask({ kind: "http", url: server.url })) >= 0);
});

test("a probe ends when it is told to, whoever does not answer", async () => {
  await using mute = await listening(createServer((socket) => socket.on("error", () => {}).resume()));
  const silent = createSocket("udp4");
  silent.bind(0, "127.0.0.1");
  await once(silent, "listening");
  const targets: readonly ProbeTarget[] = [
    { kind: "http", url: mute.url },
    { kind: "dns", name: "portal.example", server: `127.0.0.1:${silent.address().port}` },
  ];

  for (const target of targets) {
    const stop = new AbortController();
    const answer = ask(target, stop.signal);
    stop.abort();
    await assert.rejects(answer);
    await assert.rejects(ask(target, stop.signal), /did not answer in time/);
  }
  silent.close();
});

test("a name server that says there is no such name has answered", async () => {
  const server = createSocket("udp4");
  server.on("message", (question, { port, address }) => {
    const answer = Buffer.from(question);
    // A response; no such name.
    answer.writeUInt16BE(0x8183, 2);
    server.send(answer, port, address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");

  const latency = await ask({ kind: "dns", name: "nobody.example", server: `127.0.0.1:${server.address().port}` });
  server.close();

  assert.ok(latency >= 0);
});

test("a text of a web server is read whole, up to its limit", async () => {
  await using server = await web((request, response) => void response.end(`${request.method ?? ""} π`));
  const { signal } = new AbortController();

  assert.equal(await fetchText(server.url, { maxBytes: 6, signal }), "GET π");
  await assert.rejects(fetchText(server.url, { maxBytes: 5, signal }), /has more than 5 bytes/);
});

test("a status that is not 200, an endless text and a server that never answers are refused", async () => {
  await using elsewhere = await web(
    (_, response) => void response.writeHead(302, { location: "http://127.0.0.1/" }).end(),
  );
  await using endless = await web((_, response) => {
    const pour = (): void => void (response.destroyed || response.write("x".repeat(65_536), pour));
    pour();
  });
  await using mute = await web(() => {});
  const limits = { maxBytes: 1_000_000, signal: new AbortController().signal };

  await assert.rejects(fetchText(elsewhere.url, limits), /status 302 and not 200/);
  await assert.rejects(fetchText(endless.url, limits), /more than 1000000 bytes/);
  const stop = new AbortController();
  const answer = fetchText(mute.url, { ...limits, signal: stop.signal });
  stop.abort();
  await assert.rejects(answer, /it took too long/);
});
