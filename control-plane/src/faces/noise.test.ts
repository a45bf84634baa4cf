import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { refusingNoise } from "./noise.ts";

/** What a server says to somebody who says this and then nothing, and what it counts. */
async function answerTo(said: string) {
  const counted: string[] = [];
  const server = createServer({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 10 });
  server.on(
    "clientError",
    refusingNoise((reason) => counted.push(reason)),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write(said);
  const answer = await text(client);
  server.close();
  return { answer, counted };
}

for (const said of ["", "POST / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"])
  test(`who takes too long over ${JSON.stringify(said)} hears 408, after which a browser repeats what was just on its way`, async () => {
    const { answer, counted } = await answerTo(said);

    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.match(answer, /"type":"\/problems\/too-slow".*"status":408/);
    assert.deepEqual(counted, ["too-slow"]);
  });

test("what is no request hears 400", async () => {
  const { answer, counted } = await answerTo("hello\r\n\r\n");

  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.*"type":"\/problems\/invalid-input"/s);
  assert.deepEqual(counted, ["malformed"]);
});
