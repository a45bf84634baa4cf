import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createClient, ProblemError, type Client } from "@edgemere/control-plane/client";
import { commandLine } from "../world/command-line.ts";
import { ask, live } from "../world/faces.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const password = "a long enough password";
const REFUSED = /the policy "freeze" refuses .*frozen until monday; ask its owner, user:/;
const ping = { device: "gw1", kind: "ping" } as const;

let world: World;
let token = "";
let operator: Client;

before(async () => {
  world = await startWorld();
  await world.enrolAgent("gw1");
  const { client, baseUrl } = world;
  await client.call("cpl/dm/device/label", { device: "gw1", set: { site: "berlin" } });
  await client.call("ia/user/create", { name: "oskar", password, roles: ["operator"] });
  ({ token = "" } = await createClient({ baseUrl }).call("ia/signin", { name: "oskar", password }));
  operator = createClient({ baseUrl, token });
  await client.call("sa/pe/policy/create", {
    name: "freeze",
    condition: 'input.kind == "ping"',
    selector: "site=berlin",
    admission: { actions: ["cpl/dm/job/create"], outcome: "deny", reason: "frozen until monday" },
  });
});
after(() => world[Symbol.asyncDispose]());

const refused = (asking: Promise<unknown>, words = REFUSED) =>
  assert.rejects(
    asking,
    (error) => error instanceof ProblemError && error.kind === "forbidden" && words.test(error.message),
  );

test("T12 what a policy denies is denied by REST, by the live channel and on the command line, by id and by name", async () => {
  const { id } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  const address = `${world.baseUrl}/edgemere/cpl/dm/job/create`;
  using socket = live(world.baseUrl, token);

  for (const device of ["gw1", id]) {
    const { status, body } = await ask(address, "POST", { token, input: { ...ping, device } });
    const { problem } = await socket.emit("call", { path: "cpl/dm/job/create", input: { ...ping, device } });
    assert.deepEqual([status, problem?.status], [403, 403]);
    for (const words of [body["detail"], problem?.detail]) assert.match(String(words), REFUSED);
  }
  const cli = commandLine(join(world.folder, "oskar"));
  const { code, stderr } = await cli.run(["job", "create", "gw1", "--kind", "ping"], "", {
    EDGEMERE_SERVER: world.baseUrl,
    EDGEMERE_TOKEN: token,
  });
  assert.equal(code, 7, stderr);
  assert.match(stderr, /the policy "freeze" refuses/);
});

test("T12 a rollout and a policy's effect are no way around what is denied", async () => {
  const { plan } = await operator.call("cpl/dm/job/plan", { selector: "site=berlin", kind: "ping" });
  const { id } = await operator.call("cpl/dm/job/apply", { plan });
  await operator.call("sa/pe/policy/create", {
    name: "pings",
    condition: 'presence == "online"',
    effects: [{ do: "command", kind: "ping" }],
  });

  await eventually(
    async () => (await operator.call("cpl/dm/job/explain", { device: "gw1", job: id })).reason === "policy-refuses",
    "the rollout to be held up",
  );
  const problem = await eventually(
    async () => (await operator.call("sa/pe/alert/list", {})).items[0]?.done?.[0]?.problem,
    "the effect to be refused",
  );
  assert.match(problem, REFUSED);
  assert.deepEqual((await operator.call("cpl/dm/job/list", {})).items, []);
});

test("T12 an operator cannot change, disable or forget what binds operators, nor write an allowance of their own", async () => {
  const lacking = /admission:write/;
  await refused(operator.call("sa/pe/policy/update", { policy: "freeze", condition: "false" }), lacking);
  await refused(operator.call("sa/pe/policy/disable", { policy: "freeze" }), lacking);
  await refused(operator.call("sa/pe/policy/destroy", { policy: "freeze" }), lacking);
  const admission = { actions: ["*"], outcome: "allow" as const, reason: "mine" };
  await refused(operator.call("sa/pe/policy/create", { name: "mine", condition: "true", admission }), lacking);
});

test("T12 an owner lifts it, what waited begins, and each refusal stands in the audit log", async () => {
  await world.client.call("sa/pe/policy/disable", { policy: "freeze" });

  await eventually(
    async () => (await operator.call("cpl/dm/job/list", {})).items.some(({ state }) => state === "succeeded"),
    "the rollout to go on",
  );
  const { items } = await world.client.call("ia/audit/list", { limit: 200 });
  const denied = items.filter(({ action, decision }) => action === "cpl/dm/job/create" && decision === "denied");
  assert.ok(denied.some(({ actor }) => actor === "user:oskar"));
  assert.ok(denied.some(({ actor }) => actor === "policy:pings"));
});
