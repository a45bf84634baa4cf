import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connectAsync } from "mqtt";
import { createClient } from "@edgemere/control-plane/client";
import { ask, socketOf } from "../world/faces.ts";
import { startWorld, type World } from "../world/world.ts";

let world: World;
before(async () => {
  world = await startWorld({ devices: 1 });
});
after(() => world[Symbol.asyncDispose]());

const password = "a long enough password";
/** A second, and what a loaded machine may add to it. */
const AT_ONCE = 5_000;

/** Every door that a credential opens, held open. */
async function everywhere(token: string) {
  const { ports, root } = world.controlPlane.ready;
  const socket = socketOf(world.baseUrl, token);
  const disconnected = new Promise<number>((resolve) => socket.once("disconnect", () => resolve(performance.now())));
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const heard: unknown[] = [];
  socket.on("events", (batch: unknown, acknowledge: () => void) => {
    heard.push(batch);
    acknowledge();
  });
  await socket.emitWithAck("subscribe", { types: ["device.*"] });
  const mqtt = await connectAsync(`mqtts://127.0.0.1:${ports.subscribers}`, {
    ca: root,
    username: "any",
    password: token,
    reconnectPeriod: 0,
  });
  mqtt.on("error", () => {});
  const closed = new Promise<number>((resolve) => mqtt.once("close", () => resolve(performance.now())));
  const rest = async () => (await ask(`${world.baseUrl}/edgemere/cpl/dm/device/list`, "GET", { token })).status;
  return { rest, ended: () => Promise.all([disconnected, closed]), heard, end: () => mqtt.endAsync(true) };
}

for (const [what, take] of [
  ["a token that is revoked", (id: string) => world.client.call("ia/token/revoke", { id })],
  ["a token whose owner is locked", () => world.client.call("ia/user/disable", { user: "tom" })],
  ["a token whose owner lost the role", () => world.client.call("ia/user/assign", { user: "tom", roles: ["viewer"] })],
] as const)
  test(`T31 ${what} opens no door from then on, and those it holds open are shut within a second`, async (t) => {
    const roles = ["viewer", "security"] as const;
    if ((await world.client.call("ia/user/list", {})).items.some(({ name }) => name === "tom")) {
      await world.client.call("ia/user/enable", { user: "tom" }).catch(() => undefined);
      await world.client.call("ia/user/assign", { user: "tom", roles: [...roles] });
    } else await world.client.call("ia/user/create", { name: "tom", password, roles: [...roles] });
    const session = await createClient({ baseUrl: world.baseUrl }).call("ia/signin", { name: "tom", password });
    const isRoleLost = what.endsWith("role");
    const permissions = isRoleLost ? ["identity:user", "event:read"] : ["device:read", "event:read"];
    const { id, token } = await createClient({ baseUrl: world.baseUrl, token: session.token }).call("ia/token/create", {
      name: "thief",
      permissions,
    });
    if (isRoleLost) {
      const users = async () => (await ask(`${world.baseUrl}/edgemere/ia/user/list`, "GET", { token })).status;
      assert.equal(await users(), 200);
      await take(id);
      assert.equal(await users(), 403);
      return;
    }
    const doors = await everywhere(token);
    assert.equal(await doors.rest(), 200);

    const takenAt = performance.now();
    await take(id);
    const after = await doors.rest();
    const ended = await doors.ended();
    await doors.end();

    assert.equal(after, 401);
    for (const at of ended) assert.ok(at - takenAt < AT_ONCE, `shut after ${Math.round(at - takenAt)} ms`);
    t.diagnostic(`shut after ${ended.map((at) => Math.round(at - takenAt)).join(" and ")} ms`);
  });

test("T31 what lies on the disk opens nothing: no token is in it, in no form", async () => {
  const { token } = await world.client.call("ia/token/create", { name: "kept", permissions: ["device:read"] });
  const secret = token.split("_").slice(2).join("_");
  await world.controlPlane.stop();

  const files = await readdir(world.controlPlane.dataFolder, { recursive: true, withFileTypes: true });
  for (const file of files.filter((each) => each.isFile())) {
    const bytes = await readFile(join(file.parentPath, file.name));
    assert.ok(!bytes.includes(secret), file.name);
  }
  assert.match(token, /^edt_[0-9A-HJKMNP-TV-Z]{26}_[A-Za-z0-9_-]{43}$/, "as scanners know it");
});
