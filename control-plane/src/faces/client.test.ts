import assert from "node:assert/strict";
import test from "node:test";
import { createClient, ProblemError, Unreachable } from "./client.ts";
import { say, startServer } from "./client.test-support.ts";

test("an action is asked for by POST at its address, with token, key and input", async () => {
  await using server = await startServer((response) => say(response, 200, { items: [] }));
  const client = createClient({ baseUrl: `${server.url}/`, token: "edt_1_s", newKey: () => "key-1" });

  const page = await client.call("cpl/dm/device/list", { selector: "site=berlin" });

  assert.deepEqual(page, { items: [] });
  assert.equal(server.asked[0]?.line, "POST /edgemere/cpl/dm/device/list");
  assert.deepEqual(server.asked[0]?.body, { selector: "site=berlin" });
  assert.equal(server.asked[0]?.headers.authorization, "Bearer edt_1_s");
  assert.equal(server.asked[0]?.headers["idempotency-key"], "key-1");
});

test("an action is a member of the client, by the words of its address", async () => {
  await using server = await startServer((response) => say(response, 200, { reservations: 2 }));
  const client = createClient({ baseUrl: server.url });

  const { reservations } = await client.edgemere.diml.dml.do.reserve({ request: "r1" });

  assert.equal(reservations, 2);
  assert.equal(server.asked[0]?.line, "POST /edgemere/diml/dml/do/reserve");
  assert.deepEqual(server.asked[0]?.body, { request: "r1" });
});

test("a member that is awaited by mistake asks nothing", async () => {
  await using server = await startServer((response) => say(response, 200, {}));
  const { edgemere } = createClient({ baseUrl: server.url });

  // eslint-disable-next-line typescript/await-thenable -- the mistake under test
  await edgemere.cpl.dm.device;

  assert.deepEqual(server.asked, []);
});

test("a refusal becomes a ProblemError that carries the problem and the time to wait", async () => {
  const problem = {
    type: "/problems/too-many-requests",
    title: "Too many requests",
    status: 429,
    detail: "wait",
    requestId: "r7",
  };
  await using server = await startServer((response) => say(response, 429, problem, { "retry-after": "30" }));

  const error = await createClient({ baseUrl: server.url })
    .call("ia/status")
    .catch((each: unknown) => each);

  assert.ok(error instanceof ProblemError);
  assert.equal(error.kind, "too-many-requests");
  assert.equal(error.retryAfter, 30);
  assert.equal(error.document.requestId, "r7");
});

test("an answer that no control plane gives says so", async () => {
  await using server = await startServer((response) => response.writeHead(502).end("<html>Bad gateway"));

  await assert.rejects(
    createClient({ baseUrl: server.url }).call("ia/status"),
    (error) =>
      error instanceof Unreachable && /answered 502 Bad Gateway, but not as a control plane/.test(error.message),
  );
});

test("nobody listening is told with the address and the reason", async () => {
  const { url, [Symbol.asyncDispose]: stop } = await startServer(() => {});
  await stop();

  await assert.rejects(
    createClient({ baseUrl: url, newKey: () => "k" }).call("ia/status"),
    (error) => error instanceof Unreachable && error.message.includes(`at ${url}: connect ECONNREFUSED`),
  );
});

test("a request whose answer was lost is sent again under the same key", async () => {
  await using server = await startServer((response, count) => {
    if (count === 1) response.destroy();
    else say(response, 200, { isSetUp: true, version: "1" });
  });
  const keys = ["first", "second"];
  const client = createClient({ baseUrl: server.url, newKey: () => keys.shift() ?? "none" });

  assert.equal((await client.call("ia/status")).isSetUp, true);
  assert.deepEqual(
    server.asked.map(({ headers }) => headers["idempotency-key"]),
    ["first", "first"],
  );
});

test("a request without a key is never sent twice", async () => {
  await using server = await startServer((response) => response.destroy());

  await assert.rejects(createClient({ baseUrl: server.url }).call("ia/status"), Unreachable);

  assert.equal(server.asked.length, 1);
});

test("what is misspelt does not compile", () => {
  const client = createClient({ baseUrl: "" });
  const misspelt = async () => {
    // @ts-expect-error -- no such action
    await client.call("cpl/dm/devise/list");
    // @ts-expect-error -- the device is missing
    await client.edgemere.cpl.dm.device.find();
    // @ts-expect-error -- no such field
    await client.call("cpl/dm/device/find", { device: "a", site: "b" });
  };
  assert.equal(typeof misspelt, "function");
});
