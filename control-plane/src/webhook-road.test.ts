import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { refuseWebhook, webhookRoad } from "./webhook-road.ts";

const way = { mayGoInside: true, clock: systemClock, stopped: new AbortController().signal };

/** Somebody who listens on this machine. */
async function receiver(answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
const post = (port: number, host = "127.0.0.1") => ({
  url: `http://${host}:${port}/hook`,
  headers: { "webhook-id": "n1" },
  body: '{"ü":1}',
});

test("a message is posted as it is, and the answer comes back", async () => {
  const seen: string[] = [];
  await using there = await receiver((request, response) => {
    seen.push(`${request.method ?? ""} ${request.url ?? ""} ${String(request.headers["webhook-id"])}`);
    request.setEncoding("utf8").on("data", (text: string) => seen.push(text));
    request.on("end", () => response.writeHead(429, { "retry-after": "7" }).end("slowly"));
  });

  assert.deepEqual(await webhookRoad(way)(post(there.port)), { status: 429, text: "slowly", retryAfter: 7_000 });
  assert.deepEqual(seen, ["POST /hook n1", '{"ü":1}']);
});

test("who sends us elsewhere is not followed, and what it said is told", async () => {
  let asked = 0;
  await using there = await receiver((_, response) => {
    asked++;
    response.writeHead(307, { location: "http://169.254.169.254/latest" }).end();
  });

  const { status, text } = await webhookRoad(way)(post(there.port));
  assert.deepEqual([status, asked], [307, 1]);
  assert.match(text, /points to http:\/\/169\.254\.169\.254\/latest, which is not followed/);
});

test("of an answer without an end the beginning is read", async () => {
  await using there = await receiver((_, response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write("x".repeat(65_536)));
      response.once("drain", more);
    };
    more();
  });

  const { status, text } = await webhookRoad(way)(post(there.port));
  assert.deepEqual([status, text.length], [200, 4_096]);
});

test("who never answers is not waited for", async () => {
  const clock = new ManualClock();
  let come = () => {};
  const asked = new Promise<void>((resolve) => (come = resolve));
  await using there = await receiver(() => come());

  const answer = webhookRoad({ ...way, clock })(post(there.port));
  await asked;
  await clock.advance(16_000);
  assert.deepEqual(await answer, { status: 0, text: "no answer within 15000 ms" });
});

test("a message that was under way when the control plane stops is given up, to be sent again", async () => {
  const stop = new AbortController();
  await using there = await receiver(() => stop.abort());

  const answer = await webhookRoad({ ...way, stopped: stop.signal })(post(there.port));
  assert.deepEqual(answer, { status: 0, text: "the control plane stops", isGivenUp: true });
});

test("what listens on this machine is not reached, whatever name it is given", async () => {
  let asked = 0;
  await using there = await receiver((_, response) => {
    asked++;
    response.end();
  });
  const outside = webhookRoad({ ...way, mayGoInside: false });

  for (const url of [`http://127.0.0.1:${there.port}`, `https://localhost:${there.port}`, `https://[::ffff:7f00:1]`]) {
    const { status, isForbidden } = await outside({ ...post(there.port), url });
    assert.deepEqual([url, status, isForbidden], [url, 0, true]);
  }
  assert.equal(asked, 0);
});

const refused: readonly (readonly [string, RegExp])[] = [
  ["hooks.example.org", /must be written like https/],
  ["http://hooks.example.org/x", /must begin with https/],
  ["ftp://hooks.example.org/x", /must begin with https/],
  ["https://me:secret@hooks.example.org/", /holds no credentials/],
  ["https://127.0.0.1/x", /of this machine or its link: webhooks go there only with --webhook-inside on/],
  ["https://0x7f.1/x", /may not be 127\.0\.0\.1/],
  ["https://2130706433/x", /may not be 127\.0\.0\.1/],
  ["https://localhost/x", /may not be localhost/],
  ["https://a.localhost./x", /may not be a\.localhost/],
  ["https://169.254.169.254/latest/meta-data", /may not be 169/],
  ["https://[::1]/x", /may not be ::1/],
  ["https://[::ffff:169.254.169.254]/x", /may not be ::ffff:a9fe:a9fe/],
];
for (const [address, problem] of refused)
  test(`the address ${address} is refused, and why is told`, () => {
    assert.throws(() => refuseWebhook(address, { mayGoInside: false }), problem);
  });

test("where it is wanted a webhook goes to this machine, without TLS there and nowhere else", () => {
  const inside = { mayGoInside: true };

  refuseWebhook("http://127.0.0.1:8080/x", inside);
  refuseWebhook("https://localhost/x", inside);
  refuseWebhook("https://hooks.example.org/x?team=1", { mayGoInside: false });
  assert.throws(() => refuseWebhook("http://10.0.0.1/x", inside), /must begin with https/);
});
