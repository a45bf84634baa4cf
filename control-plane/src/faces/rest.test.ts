import assert from "node:assert/strict";
import test from "node:test";
import type { InjectOptions } from "fastify";
import { someParts } from "./faces.test-support.ts";
import { createFaces } from "./server.ts";

const OWNER = { authorization: "Bearer edt_owner" };
const PORTAL = { origin: "https://edgemere.example", "x-edgemere-portal": "1" };

async function aServer() {
  const parts = await someParts();
  const app = await createFaces(parts);
  const send = async (request: InjectOptions) => {
    const response = await app.inject(request);
    const { statusCode: status, headers } = response;
    return { status, headers, body: response.body === "" ? undefined : response.json<Record<string, unknown>>() };
  };
  const post = async (path: string, payload: object = {}, headers: Record<string, string> = OWNER) =>
    send({ method: "POST", url: `/edgemere/${path}`, headers, payload });
  return { ...parts, send, post, app };
}

test("what reads is asked for with GET, its parameters in the address", async () => {
  const { send, post } = await aServer();
  await post("toy/lamp/create", { name: "hall", pin: "1234" });

  const { status, body } = await send({ url: "/edgemere/toy/lamp/list?limit=5&tag=a&tag=b", headers: OWNER });

  assert.equal(status, 200);
  assert.deepEqual(body?.["tag"], ["a", "b"]);
});

test("an answer holds what the action declares and nothing else of the row", async () => {
  const { post } = await aServer();

  const { body } = await post("toy/lamp/create", { name: "hall", pin: "1234" });

  assert.deepEqual(Object.keys(body ?? {}).toSorted(), ["id", "name"]);
});

test("capitals in an address make no difference", async () => {
  const { send } = await aServer();

  assert.equal((await send({ url: "/edgemere/Toy/Lamp/LIST", headers: OWNER })).status, 200);
});

test("what writes is not asked for with GET", async () => {
  const { send } = await aServer();

  const { status, headers, body } = await send({ url: "/edgemere/toy/lamp/create?name=x", headers: OWNER });

  assert.equal(status, 405);
  assert.equal(headers.allow, "POST");
  assert.equal(body?.["detail"], "toy/lamp/create is asked for with POST, not GET");
});

test("what destroys takes DELETE too", async () => {
  const { send, post } = await aServer();
  const { body } = await post("toy/lamp/create", { name: "hall", pin: "1" });

  const answer = await send({
    method: "DELETE",
    url: `/edgemere/toy/lamp/destroy?id=${String(body?.["id"])}`,
    headers: OWNER,
  });

  assert.equal(answer.status, 200);
});

test("an unknown action is answered with one that comes near", async () => {
  const { post } = await aServer();

  const { status, body } = await post("toy/lamb/list");

  assert.equal(status, 404);
  assert.equal(body?.["type"], "/problems/unknown-action");
  assert.match(String(body?.["detail"]), /did you mean toy\/lamp\/list/);
});

test("every refusal is a problem document with the request's id", async () => {
  const { send } = await aServer();

  const { headers, body } = await send({ url: "/edgemere/toy/lamp/list", headers: { "x-request-id": "my-1" } });

  assert.equal(headers["content-type"], "application/problem+json; charset=utf-8");
  assert.equal(headers["x-request-id"], "my-1");
  assert.equal(headers["www-authenticate"], 'Bearer realm="edgemere"');
  assert.equal(body?.["requestId"], "my-1");
  assert.equal(body?.["status"], 401);
});

test("a request id that could break a log line is replaced", async () => {
  const { send } = await aServer();

  const { body } = await send({ url: "/edgemere/toy/who", headers: { "x-request-id": "a b" } });

  assert.match(String(body?.["requestId"]), /^[0-9A-Z]{26}$/);
});

test("without credentials nothing is done but what needs none", async () => {
  const { actions, post } = await aServer();
  const guarded = actions.filter(({ permission }) => permission !== "anyone");

  const statuses = await Promise.all(guarded.map(async ({ path }) => (await post(path as string, {}, {})).status));

  assert.deepEqual(statuses, [401, 401, 401]);
});

test("a permission that is not held is named", async () => {
  const { post } = await aServer();

  const { status, body } = await post(
    "toy/lamp/create",
    { name: "x", pin: "1" },
    { authorization: "Bearer edt_reader" },
  );

  assert.equal(status, 403);
  assert.match(String(body?.["detail"]), /user:reader may not toy\/lamp\/create: it needs the permission lamp:write/);
});

test("a wrong credential is refused, also where none is needed", async () => {
  const { post } = await aServer();

  assert.equal((await post("toy/who", {}, { authorization: "Bearer edt_gone" })).status, 401);
  assert.equal((await post("toy/who", {}, { authorization: "Basic YTpi" })).status, 401);
});

test("broken JSON, another kind of body and a huge one get a clear answer", async () => {
  const { send } = await aServer();
  const asked = async (type: string, payload: string) => {
    const headers = { ...OWNER, "content-type": type };
    const { status, body } = await send({ method: "POST", url: "/edgemere/toy/lamp/create", headers, payload });
    return [status, body?.["detail"]];
  };

  assert.deepEqual(await asked("application/json", "{"), [400, "the body is not valid JSON"]);
  assert.deepEqual(await asked("application/json", "[]"), [400, "the input must be a JSON object"]);
  assert.equal((await asked("application/json", '{"__proto__":{"a":1}}'))[0], 400);
  assert.equal((await asked("text/plain", "name=x"))[0], 415);
  assert.equal((await asked("application/json", `{"name":"${"x".repeat(1024 * 1024)}"}`))[0], 413);
});

test("null in place of an input is refused, and not taken for no input", async () => {
  const { send } = await aServer();
  const json = { ...OWNER, "content-type": "application/json" };

  const refused = await send({ method: "POST", url: "/edgemere/toy/lamp/list", headers: json, payload: "null" });
  const empty = await send({ method: "POST", url: "/edgemere/toy/lamp/list", headers: json, payload: "" });
  const bare = await send({ method: "POST", url: "/edgemere/toy/lamp/list", headers: OWNER });

  assert.deepEqual([refused.status, empty.status, bare.status], [400, 200, 200]);
  assert.match(String(refused.body?.["detail"]), /must be a JSON object/);
});

test("an address that is no URL is refused without harm", async () => {
  const { send } = await aServer();

  const { status, body } = await send({ url: "/edgemere/%zz" });

  assert.deepEqual([status, body?.["type"]], [400, "/problems/invalid-input"]);
});

test("a secret in the address is refused, because addresses are kept in logs", async () => {
  const { send } = await aServer();

  const { status, body } = await send({
    method: "POST",
    url: "/edgemere/toy/lamp/create?name=x&pin=1234",
    headers: OWNER,
  });

  assert.equal(status, 400);
  assert.equal(body?.["detail"], '"pin" is a secret: send it in the body, never in the address');
});

test("a write with a key is done once", async () => {
  const { post, send } = await aServer();
  const keyed = { ...OWNER, "idempotency-key": "k-1" };

  const first = await post("toy/lamp/create", { name: "hall", pin: "1" }, keyed);
  const again = await post("toy/lamp/create", { name: "hall", pin: "1" }, keyed);
  const other = await post("toy/lamp/create", { name: "attic", pin: "1" }, keyed);

  assert.deepEqual(again.body, first.body);
  assert.equal(other.status, 409);
  const { body } = await send({ url: "/edgemere/toy/lamp/list", headers: OWNER });
  assert.equal((body?.["items"] as unknown[] | undefined)?.length, 1);
});

test("a mistake of ours is told without its inside", async () => {
  const { post } = await aServer();

  const { status, body } = await post("toy/fail");

  assert.equal(status, 500);
  assert.doesNotMatch(JSON.stringify(body), /secret of the inside/);
});

test("the portal's session is kept in a cookie that no script reads, and not in the answer", async () => {
  const { post } = await aServer();

  const { headers, body } = await post("toy/signin", { name: "owner" }, PORTAL);

  assert.deepEqual(body, { user: "owner" });
  assert.equal(headers["set-cookie"], "edgemere_session=edt_owner; Path=/; HttpOnly; Secure; SameSite=Strict");
});

test("a program gets the token itself and no cookie", async () => {
  const { post } = await aServer();

  const { headers, body } = await post("toy/signin", { name: "owner" }, {});

  assert.deepEqual(body, { user: "owner", token: "edt_owner" });
  assert.equal(headers["set-cookie"], undefined);
});

test("a page from elsewhere neither gets a cookie nor uses one", async () => {
  const { post } = await aServer();
  const elsewhere = { ...PORTAL, origin: "https://evil.example" };
  const withCookie = { cookie: "edgemere_session=edt_owner" };

  assert.equal((await post("toy/signin", { name: "owner" }, elsewhere)).status, 403);
  assert.equal((await post("toy/who", {}, { ...withCookie, origin: "https://evil.example" })).status, 403);
  assert.equal((await post("toy/who", {}, withCookie)).status, 403);
  assert.equal((await post("toy/who", {}, { ...withCookie, ...PORTAL })).body?.["actor"], "user:owner");
});

test("the server's own address is an origin, when it is a number or localhost", async () => {
  const { post } = await aServer();
  const asked = async (origin: string, host: string) =>
    (await post("toy/who", {}, { cookie: "edgemere_session=edt_owner", origin, host })).status;

  assert.equal(await asked("http://127.0.0.1:3000", "127.0.0.1:3000"), 200);
  assert.equal(await asked("http://[::1]:3000", "[::1]:3000"), 200);
  assert.equal(await asked("http://localhost:3000", "localhost:3000"), 200);
  assert.equal(await asked("http://localhost:9999", "localhost:3000"), 403);
  assert.equal(await asked("http://rebound.example:3000", "rebound.example:3000"), 403);
});

test("an old cookie makes nobody of the caller, so that signing in anew works", async () => {
  const { post } = await aServer();

  const { body } = await post("toy/who", {}, { ...PORTAL, cookie: "edgemere_session=edt_gone" });

  assert.equal(body?.["actor"], "nobody");
});

test("signing out takes the cookie away", async () => {
  const { post } = await aServer();

  const { headers } = await post("toy/signout", {}, { ...PORTAL, cookie: "edgemere_session=edt_owner" });

  assert.match(String(headers["set-cookie"]), /^edgemere_session=; .*(Max-Age=0|Expires=Thu, 01 Jan 1970)/);
});

test("after twenty tries in a minute signing in must wait", async () => {
  const { post } = await aServer();
  for (let tries = 0; tries < 20; tries++) await post("toy/signin", { name: "owner" }, {});

  const { status, headers } = await post("toy/signin", { name: "owner" }, {});

  assert.equal(status, 429);
  assert.ok(Number(headers["retry-after"]) > 0);
  assert.equal((await post("toy/who", {}, {})).status, 200);
});
