import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AnyAction } from "@edgemere/control-plane";
import { createFaces } from "@edgemere/control-plane/faces";
import { silentLog, systemClock } from "@edgemere/protocol/kit";
import { declaredActions, declaredResources, startServed, type Served } from "./served.ts";

const pathOf = ({ path }: AnyAction): string => path as string;
const isOpen = ({ permission }: AnyAction): boolean => permission === "anyone";
const guarded = declaredActions.filter((action) => !isOpen(action));
const permissions = [...new Set(guarded.map(({ permission }) => permission))];

let served: Served;
/** A token that holds all permissions but one, by the one. */
const without = new Map<string, string>();
/** A token that holds one permission. */
const only = new Map<string, string>();

before(async () => {
  served = await startServed();
  for (const permission of permissions) {
    without.set(permission, await tokenFor(permissions.filter((each) => each !== permission)));
    only.set(permission, await tokenFor([permission]));
  }
});
after(() => served[Symbol.asyncDispose]());

for (const action of guarded) {
  const path = pathOf(action);
  const { permission } = action;

  test(`${path} is refused to nobody, and to whoever lacks ${permission}, over REST`, async () => {
    const method = action.effect === "read" ? "GET" : "POST";
    const nobody = await served.ask(method, `edgemere/${path}`);
    const stranger = await served.ask(method, `edgemere/${path}`, { token: "edt_nobody_made-up" });
    const lacking = await served.ask(method, `edgemere/${path}`, { token: without.get(permission) ?? "" });

    assert.deepEqual([nobody.status, stranger.status, lacking.status], [401, 401, 403]);
    assert.equal(
      lacking.body["detail"],
      `${await whoIs(without, permission)} may not ${path}: it needs the permission ${permission}`,
    );
  });

  test(`${path} is refused to whoever lacks ${permission}, over socket.io`, async () => {
    using live = served.live(without.get(permission) ?? "");

    const { problem, output } = await live.emit("call", { path, input: {} });

    assert.deepEqual([problem?.type, output], ["/problems/forbidden", undefined]);
  });

  test(`${path} is open to whoever holds nothing but ${permission}`, async () => {
    const { status, body } = await served.ask("POST", `edgemere/${path}`, {
      token: only.get(permission) ?? "",
      input: { "no-such-parameter": 1 },
    });

    assert.equal(status, 400, JSON.stringify(body));
  });
}

for (const action of declaredActions.filter(isOpen))
  test(`${pathOf(action)} can be asked without credentials`, async () => {
    const { status } = await served.ask("POST", `edgemere/${pathOf(action)}`, { input: { "no-such-parameter": 1 } });

    assert.equal(status, 400);
  });

test("nobody comes onto the live channel without a good token", async () => {
  for (const token of ["", "edt_nobody_made-up"]) {
    using live = served.live(token);

    await assert.rejects(live.emit("call", { path: "ia/status" }), { message: /sign in/ });
  }
});

test("who may not read events may not subscribe to them", async () => {
  using live = served.live(without.get("event:read") ?? "");

  const { problem } = await live.emit("subscribe", { types: ["*"] });

  assert.equal(problem?.type, "/problems/forbidden");
});

test("who may make jobs may not run programs on devices without the permission for it", async () => {
  const { token } = await served.client.call("ia/token/create", { name: "jobs", permissions: ["job:create"] });
  const input = { device: "gw1", kind: "exec", arguments: { argv: ["id"] } };

  const { status, body } = await served.ask("POST", "edgemere/cpl/dm/job/create", { token, input });

  assert.equal(status, 403);
  assert.match(String(body["detail"]), /may not ask for exec: it needs the permission command:exec/);
});

test("a token cannot make one that may do more than itself", async () => {
  const token = only.get("identity:token") ?? "";

  const { status, body } = await served.ask("POST", "edgemere/ia/token/create", {
    token,
    input: { name: "more", permissions: ["device:retire"] },
  });

  assert.equal(status, 403);
  assert.match(String(body["detail"]), /you lack device:retire/);
});

test("the server has no route beside the actions but those that say what the program is, and /metrics", async () => {
  const app = await createFaces({
    actions: declaredActions,
    resources: declaredResources,
    dispatch: served.app.core.dispatch,
    authenticate: async () => undefined,
    store: served.app.core.store,
    scopes: served.app.core.scopes,
    clock: systemClock,
    newId: served.app.core.newId,
    log: silentLog,
    version: "0.0.0",
    health: () => served.app.core.health(),
    origins: [],
  });
  try {
    const routes = routesIn(app.printRoutes());

    assert.deepEqual(
      routes.filter((route) => !route.startsWith("/edgemere/docs")),
      [
        "/ (GET, HEAD)",
        "/admin (GET, HEAD)",
        "/admin/* (GET, HEAD)",
        "/edgemere/* (DELETE, GET, HEAD, PATCH, POST, PUT)",
        "/edgemere/catalogue.json (GET, HEAD)",
        "/edgemere/openapi.json (GET, HEAD)",
        "/healthz (GET, HEAD)",
        "/metrics (GET, HEAD)",
        "/problems (GET, HEAD)",
        "/problems/:type (GET, HEAD)",
        "/readyz (GET, HEAD)",
      ],
    );
    assert.deepEqual(
      routes.filter((route) => route.startsWith("/edgemere/docs") && !route.endsWith("(GET, HEAD)")),
      [],
    );
  } finally {
    await app.close();
  }
});

test("devices find the actions for devices at their address, and no other", async () => {
  const statuses = await Promise.all(
    declaredActions.map(async (action) => [pathOf(action), await served.askDevicesDoor(pathOf(action))] as const),
  );

  assert.deepEqual(
    statuses.filter(([, status]) => status !== 404),
    [
      ["cpl/dm/agent/register", 400],
      ["cpl/dm/agent/renew", 401],
      ["cpl/dm/agent/challenge", 400],
      ["cpl/dm/agent/recover", 400],
      ["cpl/dm/file/fetch", 401],
      ["cpl/dm/file/chunks", 401],
      ["cpl/dm/file/neighbours", 401],
      ["cpl/dm/file/offer", 401],
      ["cpl/dm/file/send", 401],
    ],
  );
});

async function tokenFor(held: readonly string[]): Promise<string> {
  const { token } = await served.client.call("ia/token/create", { name: "conformance", permissions: [...held] });
  return token;
}

async function whoIs(tokens: ReadonlyMap<string, string>, permission: string): Promise<string> {
  const { body } = await served.ask("GET", "edgemere/ia/whoami", { token: tokens.get(permission) ?? "" });
  return String(body["actor"]);
}

/** Every route with its methods, read from the tree that the framework prints: four columns a level, each with a piece of the path. */
function routesIn(tree: string): readonly string[] {
  const parents: string[] = [];
  const routes = new Map<string, Set<string>>();
  for (const line of tree.split("\n")) {
    const [, indent = "", segment = "", methods] = /^([│ ]*[└├]── )(\S*)(?: \((.*)\))?$/.exec(line) ?? [];
    if (indent === "") continue;
    const depth = indent.length / 4 - 1;
    parents.length = depth;
    parents.push(segment);
    const route = parents.join("");
    for (const method of methods?.split(", ") ?? []) routes.set(route, (routes.get(route) ?? new Set()).add(method));
  }
  return [...routes].map(([route, methods]) => `${route} (${[...methods].toSorted().join(", ")})`).toSorted();
}
