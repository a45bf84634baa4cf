import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@edgemere/control-plane/client";
import { ask } from "../world/faces.ts";
import { startIdentityProvider, type IdentityProvider } from "../world/identity-provider.ts";
import { startWorld, type World } from "../world/world.ts";

const ORIGIN = "https://edgemere.example";
const redirect = `${ORIGIN}/admin/sso`;
const groups: Record<string, readonly string[]> = {
  Ada: ["ops", "readers"],
  "eve@example.org": ["accounting"],
  olga: ["readers"],
  ben: ["readers"],
};

let provider: IdentityProvider;
let world: World;
before(async () => {
  provider = await startIdentityProvider({ id: "edgemere", redirect }, groups);
  const flags = ["--oidc-issuer", provider.issuer, "--oidc-role", "ops=operator", "--oidc-role", "readers=viewer"];
  world = await startWorld({ controlPlane: { flags: [...flags, "--origin", ORIGIN] } });
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const stranger = () => createClient({ baseUrl: world.baseUrl });
const begin = () => stranger().call("ia/sso/begin", { redirect });
async function signIn(name: string) {
  const { location, flow } = await begin();
  return stranger().call("ia/sso/finish", { flow, answer: await provider.signIn(location, name) });
}
async function refusal(path: string, input: object) {
  const { status, body } = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { input });
  return [status, String(body["type"])];
}

test("who is in a group with a role gets an account at the first sign-in, and the same one at the next", async () => {
  const first = await signIn("Ada");
  const again = await signIn("Ada");

  assert.deepEqual([first.user, first.roles, again.user], ["ada", ["operator", "viewer"], "ada"]);
  const { actor } = await createClient({ baseUrl: world.baseUrl, token: again.token }).call("ia/whoami");
  assert.equal(actor, "user:ada");
});

test("the roles follow the groups, from the next sign-in on", async () => {
  const before = await signIn("ben");
  groups["ben"] = ["ops"];
  const after = await signIn("ben");

  assert.deepEqual([before.roles, after.roles], [["viewer"], ["operator"]]);
});

test("who is in no group with a role, and who is locked, is not let in", async () => {
  const { location, flow } = await begin();
  const answer = await provider.signIn(location, "eve@example.org");
  assert.deepEqual(await refusal("ia/sso/finish", { flow, answer }), [403, "/problems/forbidden"]);

  await signIn("ben");
  await world.client.call("ia/user/disable", { user: "ben" });
  const second = await begin();
  const locked = { flow: second.flow, answer: await provider.signIn(second.location, "ben") };
  assert.deepEqual(await refusal("ia/sso/finish", locked), [401, "/problems/not-signed-in"]);
});

test("an account that was made by hand is not taken over by somebody of the same name, and has no password to guess", async () => {
  const { user, roles } = await signIn("olga");

  assert.deepEqual([user, roles], ["olga-2", ["viewer"]]);
  for (const password of ["", "any", "a long enough password"])
    assert.equal((await refusal("ia/signin", { name: "olga-2", password }))[0], 401);
});

test("an answer counts once, for who began, and with the state and the code that belong to it", async () => {
  const mine = await begin();
  const theirs = await begin();
  const answer = await provider.signIn(theirs.location, "Ada");
  const finish = (flow: string, given: string) => refusal("ia/sso/finish", { flow, answer: given });
  const refused = [401, "/problems/not-signed-in"];

  assert.deepEqual(await finish(mine.flow, answer), refused, "somebody else's answer");
  assert.deepEqual(await finish("made-up", answer), refused);
  assert.deepEqual(await finish(mine.flow, answer), refused, "a flow is used up by the first try");
  await stranger().call("ia/sso/finish", { flow: theirs.flow, answer });
  assert.deepEqual(await finish(theirs.flow, answer), refused, "a second time");
  const third = await begin();
  const changed = new URLSearchParams(await provider.signIn(third.location, "Ada"));
  changed.set("iss", "https://evil.example");
  assert.deepEqual(await finish(third.flow, changed.toString()), refused, "another issuer");
});

test("it leads back to pages of ours only", async () => {
  for (const foreign of [
    "https://evil.example/admin/sso",
    "http://edgemere.example/admin/sso",
    "javascript:alert(1)",
    "",
  ])
    assert.equal((await refusal("ia/sso/begin", { redirect: foreign }))[0], 400, foreign);
});
