import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import { owner, startWorld, type World } from "../world/world.ts";

const NAMED = "https://edgemere.example";
let world: World;
/** As the owner's browser holds it. */
let cookie = "";
before(async () => {
  world = await startWorld({ controlPlane: { flags: ["--origin", NAMED] } });
  const answer = await post("ia/signin", owner, { origin: world.baseUrl, "x-edgemere-portal": "1" });
  cookie = (answer.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "";
});
after(() => world[Symbol.asyncDispose]());

const post = (path: string, input: object, headers: Readonly<Record<string, string>>) =>
  fetch(`${world.baseUrl}/edgemere/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(input),
  });
const withOrigin = (origin: string | undefined) => (origin === undefined ? {} : { origin });

/** Whence a page that is not ours may ask. */
const foreign = () => [
  "https://evil.example",
  "null",
  undefined,
  "https://evil.edgemere.example",
  "https://edgemere.example.evil.example",
  "http://edgemere.example",
  "https://edgemere.example:444",
  `https://${new URL(world.baseUrl).host}.evil.example`,
  `http://127.0.0.1:${Number(new URL(world.baseUrl).port) + 1}`,
  "file://",
  "",
];

test("T15 the cookie is out of reach of scripts and of other sites", async () => {
  const answer = await post("ia/signin", owner, { origin: world.baseUrl, "x-edgemere-portal": "1" });
  const kept = answer.headers.get("set-cookie") ?? "";

  assert.match(kept, /HttpOnly/i);
  assert.match(kept, /SameSite=Strict/i);
  assert.ok(!JSON.stringify(await answer.json()).includes("edt_"), "no script gets the token");
});

test("T15 a page from elsewhere changes nothing with somebody's cookie, wherever it says that it is from", async () => {
  const input = { name: "evil", password: "a long enough password", roles: ["owner"] };
  for (const origin of foreign()) {
    const { status } = await post("ia/user/create", input, { cookie, ...withOrigin(origin) });
    assert.equal(status, 403, String(origin));
  }
  for (const origin of [world.baseUrl, NAMED])
    assert.equal((await post("ia/session/list", {}, { cookie, origin })).status, 200, origin);
  const { items } = await world.client.call("ia/user/list", {});
  assert.deepEqual(
    items.map(({ name }) => name),
    [owner.name],
  );
});

test("T15 a form of another site is not read: JSON is the only body, and its type wants a leave that nobody gets", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const { status } = await post("ia/user/create", {}, { cookie, origin: world.baseUrl, "content-type": type });
    assert.equal(status, 415, type);
  }
  const asked = await fetch(`${world.baseUrl}/edgemere/ia/user/create`, {
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
  });
  assert.equal(asked.headers.get("access-control-allow-origin"), null);
});

test("T15 a page from elsewhere cannot sign somebody in as somebody else", async () => {
  for (const origin of foreign()) {
    const answer = await post("ia/signin", owner, { "x-edgemere-portal": "1", ...withOrigin(origin) });
    assert.deepEqual([answer.status, answer.headers.get("set-cookie")], [403, null], String(origin));
  }
});

test("T15 a socket is opened for no page from elsewhere, with a cookie or without", async () => {
  const opens = (origin: string | undefined) =>
    new Promise<boolean>((resolve) => {
      const socket = io(world.baseUrl, {
        path: "/edgemere/socket.io",
        transports: ["websocket"],
        extraHeaders: { cookie, ...withOrigin(origin) },
        forceNew: true,
        reconnection: false,
      });
      const done = (isOpen: boolean) => {
        socket.disconnect();
        resolve(isOpen);
      };
      socket.once("connect", () => done(true)).once("connect_error", () => done(false));
    });

  for (const origin of foreign()) assert.equal(await opens(origin), false, String(origin));
  for (const origin of [world.baseUrl, NAMED]) assert.equal(await opens(origin), true, origin);
});
