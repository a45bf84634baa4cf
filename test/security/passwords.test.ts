import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { declaredActions } from "../conformance/served.ts";
import { ControlPlaneProgram } from "../world/control-plane-program.ts";
import { ask } from "../world/faces.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { owner, startWorld } from "../world/world.ts";

test("T32 of a fresh start nothing can be used without the code, which cannot be guessed", async () => {
  await using folder = await temporaryFolder("fresh");
  await using program = new ControlPlaneProgram(join(folder.path, "data"));
  const { portal, setupCode = "" } = await program.start();
  const url = `${new URL(portal).origin}/edgemere`;
  const open = new Set(["ia/status", "ia/whoami", "ia/signout"]);

  for (const { path } of declaredActions as readonly { readonly path: string }[]) {
    const { status } = await ask(`${url}/${path}`, "POST", { input: {} });
    assert.ok(open.has(path) || status === 401 || status === 400, `${path} gave ${status}`);
  }
  for (const [name, password] of [
    ["admin", "admin"],
    ["root", "root"],
    ["owner", "edgemere"],
    ["admin", ""],
  ] as const)
    assert.equal((await ask(`${url}/ia/signin`, "POST", { input: { name, password } })).status, 401);

  const guess = async (code: string) =>
    (await ask(`${url}/ia/setup`, "POST", { input: { code, name: "eve", password: owner.password } })).status;
  const statuses: number[] = [];
  for (let tries = 0; tries < 25; tries++) statuses.push(await guess(`${tries}`.padStart(25, "0")));
  assert.deepEqual(new Set(statuses), new Set([403, 429]));
  assert.equal(statuses.at(-1), 429, "guessing gets slower");
  assert.ok(setupCode.replaceAll("-", "").length * 5 >= 125, "bits");
});

test("T32 who guesses at a password is slowed down, each time for twice as long", async () => {
  await using world = await startWorld();
  const guess = (password: string) =>
    ask(`${world.baseUrl}/edgemere/ia/signin`, "POST", { input: { name: owner.name, password } });

  // The pauses grow beyond what a try takes, however slow the machine is.
  const answers = [];
  do answers.push(await guess(`guess number ${answers.length}`));
  while (answers.at(-1)?.status === 401 && answers.length < 19);

  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(statuses.slice(0, 5), [401, 401, 401, 401, 401]);
  assert.equal(statuses.at(-1), 429);
  assert.match(String(answers.at(-1)?.body["detail"]), /too many failed tries to sign in; try again in \d+ s/);
});

test("T32 who exists is not told by sign-in, by its words, and not by a reset code", async () => {
  await using world = await startWorld();
  const said = async (path: string, input: object) => {
    const { status, body } = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { input });
    return [status, body["detail"]];
  };

  const known = await said("ia/signin", { name: owner.name, password: "not the password" });
  assert.deepEqual(await said("ia/signin", { name: "nobody-here", password: "not the password" }), known);
  const reset = { code: "ABCDE-FGHJK-MNPQR-STVWX-YZ012", password: owner.password };
  assert.deepEqual(
    await said("ia/password/reset", { name: owner.name, ...reset }),
    await said("ia/password/reset", { name: "nobody-here", ...reset }),
  );
});
