import assert from "node:assert/strict";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { problems } from "../platform/problem.ts";
import { someParts } from "./faces.test-support.ts";
import { createFaces } from "./server.ts";

const aServer = async (portalFolder?: string) => createFaces(await someParts(), { portalFolder });

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>>;
}

test("the OpenAPI document names every action with its methods, permission and refusals", async () => {
  const app = await aServer();

  const { openapi, paths } = (await app.inject("/edgemere/openapi.json")).json<OpenApi>();

  assert.equal(openapi, "3.1.0");
  assert.deepEqual(Object.keys(paths["/edgemere/toy/lamp/list"] ?? {}), ["get"]);
  assert.deepEqual(Object.keys(paths["/edgemere/toy/lamp/create"] ?? {}), ["post"]);
  assert.deepEqual(Object.keys(paths["/edgemere/toy/lamp/destroy"] ?? {}), ["post", "delete"]);
  assert.equal(paths["/edgemere/toy/lamp/create"]?.["post"]?.["x-permission"], "lamp:write");
  assert.deepEqual(Object.keys(paths["/edgemere/toy/lamp/create"]?.["post"]?.["responses"] ?? {}), [
    "200",
    "400",
    "401",
    "403",
    "404",
    "409",
    "413",
    "415",
    "429",
    "500",
  ]);
});

test("what anybody may ask is refused too to who shows a credential that is none, and the document says so", async () => {
  const app = await aServer();

  const refused = await app.inject({ url: "/edgemere/toy/who", headers: { authorization: "Bearer edt_gone" } });
  const { paths } = (await app.inject("/edgemere/openapi.json")).json<OpenApi>();

  assert.equal(refused.statusCode, 401);
  assert.ok(Object.hasOwn(paths["/edgemere/toy/who"]?.["get"]?.["responses"] ?? {}, "401"));
});

test("the catalogue holds what a form or a command line needs, and the classes with their events", async () => {
  const app = await aServer();

  const { actions, resources } = (await app.inject("/edgemere/catalogue.json")).json<{
    actions: { path: string; effect: string; secrets: string[]; input: { required: string[] } }[];
    resources: unknown[];
  }>();

  const create = actions.find(({ path }) => path === "toy/lamp/create");
  assert.deepEqual([create?.effect, create?.secrets, create?.input.required], ["write", ["pin"], ["name", "pin"]]);
  assert.deepEqual(resources, [
    { name: "lamp", summary: "A lamp", states: [], events: ["lamp.create", "lamp.updated", "lamp.destroy"] },
  ]);
});

test("the reference page and its files are served under a policy without inline scripts", async () => {
  const app = await aServer();

  const page = await app.inject("/edgemere/docs");
  const script = await app.inject("/edgemere/docs/static/swagger-initializer.js");

  assert.equal(page.statusCode, 200);
  assert.doesNotMatch(page.body, /<script>|<script [^>]*>[^ <]/);
  assert.equal(script.statusCode, 200);
  assert.match(String(page.headers["content-security-policy"]), /script-src 'self';/);
});

test("every type of problem has a page that explains it", async () => {
  const app = await aServer();

  for (const type of Object.keys(problems)) {
    const { statusCode, headers, body } = await app.inject(`/problems/${type}`);
    assert.deepEqual([type, statusCode, headers["content-type"]], [type, 200, "text/html; charset=utf-8"]);
    assert.match(body, new RegExp(`<code>${type}</code>`));
  }
  assert.equal((await app.inject("/problems/none")).statusCode, 404);
});

test("the process tells that it is alive and ready", async () => {
  const app = await aServer();

  assert.deepEqual((await app.inject("/healthz")).json(), { status: "ok", reasons: [], version: "0.0.0" });
  assert.deepEqual((await app.inject("/readyz")).json(), { status: "ok", reasons: [], version: "0.0.0" });
});

test("an address that is nothing is a problem that says where things are", async () => {
  const app = await aServer();

  const { statusCode, body } = await app.inject("/nothing");

  assert.equal(statusCode, 404);
  assert.match(body, /actions are at \/edgemere\//);
});

test("a portal that is not built says so", async () => {
  const app = await aServer("/nowhere");

  const { statusCode, body } = await app.inject("/admin/devices");

  assert.equal(statusCode, 503);
  assert.match(body, /npm run build/);
});

test("every address of the portal is its one page, and its built files are kept for ever", async () => {
  const folder = await mkdtemp(join(tmpdir(), "portal-"));
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), "<!doctype html><title>Portal</title>");
  await writeFile(join(folder, "assets", "main-1a2b.js"), "1");
  const app = await aServer(folder);
  const asked = async (url: string) => {
    const { statusCode, headers } = await app.inject(url);
    return [statusCode, headers.location ?? headers["cache-control"]];
  };

  assert.deepEqual(await asked("/"), [302, "/admin/"]);
  assert.deepEqual(await asked("/admin"), [302, "/admin/"]);
  assert.deepEqual(await asked("/admin/"), [200, "no-cache"]);
  assert.deepEqual(await asked("/admin/devices/d1?tab=charts"), [200, "no-cache"]);
  assert.deepEqual(await asked("/admin/assets/main-1a2b.js"), [200, "public, max-age=31536000, immutable"]);
  assert.deepEqual(await asked("/admin/assets/main-old.js"), [404, "no-store"]);
  assert.equal((await app.inject("/admin/../../etc/passwd")).statusCode, 404);
  await app.close();
  await rm(folder, { recursive: true });
});
