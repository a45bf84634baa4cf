import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { someParts } from "./faces.test-support.ts";
import { listen } from "./listen.ts";
import { createFaces } from "./server.ts";

/** All that a bare connection hears until it is ended. */
async function said(...lines: readonly string[]): Promise<string> {
  await using server = await listen(await createFaces(await someParts()), { host: "127.0.0.1", port: 0 });
  const socket = connect({ host: "127.0.0.1", port: server.port });
  let text = "";
  socket.setEncoding("latin1").on("data", (part: string) => (text += part));
  socket.write([...lines, "", ""].join("\r\n"));
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

const refused: readonly (readonly [title: string, lines: readonly string[], detail: RegExp])[] = [
  ["without a host", ["GET /healthz HTTP/1.1", "Connection: close"], /names the one host/],
  ["for two hosts", ["GET /healthz HTTP/1.1", "Host: a", "Host: b", "Connection: close"], /names the one host/],
  ["of HTTP/0.9", ["GET /healthz"], /HTTP\/0.9 is not spoken here/],
];
for (const [title, lines, detail] of refused)
  test(`a request ${title} is refused with a problem document`, async () => {
    const answer = await said(...lines);

    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /content-type: application\/problem\+json/i);
    assert.match(answer, detail);
  });

test("what else somebody expects is passed over, and the request is answered", async () => {
  const answer = await said("GET /edgemere/toy/who HTTP/1.1", "Host: a", "Expect: a miracle", "Connection: close");

  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test("a request of HTTP/1.0 needs no host", async () => {
  assert.match(await said("GET /edgemere/toy/who HTTP/1.0"), /^HTTP\/1\.1 200 /);
});
