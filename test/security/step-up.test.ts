import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "@edgemere/protocol/kit";
import { dangers } from "../conformance/domain.ts";
import { startServed } from "../conformance/served.ts";
import { steppingClock } from "./stepping-clock.ts";

const exec = { device: "gw1", kind: "exec", arguments: { argv: ["id"] } };
const PATH = "edgemere/cpl/dm/job/create";

test("T12 a session that was left open does nothing dangerous after a quarter of an hour, until the password is given again", async () => {
  const clock = steppingClock();
  await using served = await startServed(clock);
  const { token } = served;
  const asking = async (path: string, input: object) => (await served.ask("POST", path, { token, input })).status;

  const fresh = await asking(PATH, exec);
  clock.step(16 * MINUTE);
  const stale = await served.ask("POST", PATH, { token, input: exec });
  const harmless = await asking("edgemere/cpl/dm/device/list", {});
  const guess = await asking("edgemere/ia/stepup", { password: "a guess at the password" });
  const still = await asking(PATH, exec);
  const proof = await asking("edgemere/ia/stepup", { password: "a long enough password" });

  // There is no device gw1: who gets as far as that got past every question of who asks.
  assert.deepEqual([fresh, harmless, guess, still, proof], [404, 200, 403, 403, 200]);
  assert.equal(stale.body["type"], "/problems/step-up-required");
  assert.equal(await asking(PATH, exec), 404);
});

test("T12 a token for everything is none for what is dangerous: that has to be named", async () => {
  await using served = await startServed();
  const tokenOf = async (...permissions: readonly string[]) =>
    (await served.client.call("ia/token/create", { name: "x", permissions: [...permissions] })).token;
  const status = async (token: string) => (await served.ask("POST", PATH, { token, input: exec })).status;

  assert.deepEqual(
    [
      await status(await tokenOf("*")),
      await status(await tokenOf("job:create", "command:*")),
      await status(await tokenOf("job:create", "command:exec")),
    ],
    [403, 403, 404],
  );
});

test("T12 of all that is dangerous a session that was left open, and a token for everything, gets nothing done", async () => {
  const clock = steppingClock();
  await using served = await startServed(clock);
  const { token: everything } = await served.client.call("ia/token/create", { name: "all", permissions: ["*"] });
  clock.step(16 * MINUTE);

  for (const [path, [, input]] of Object.entries(dangers)) {
    const stale = await served.ask("POST", `edgemere/${path}`, { token: served.token, input });
    const wide = await served.ask("POST", `edgemere/${path}`, { token: everything, input });
    const types = [stale, wide].map(({ status, body }) => [status, body["type"]]);
    const refused = [
      [403, "/problems/step-up-required"],
      [403, "/problems/forbidden"],
    ];
    assert.deepEqual(types, refused, path);
  }
});
