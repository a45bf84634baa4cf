import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { commandLine } from "../world/command-line.ts";
import { startIdentityProvider, type IdentityProvider } from "../world/identity-provider.ts";
import { startWorld, type World } from "../world/world.ts";

let provider: IdentityProvider;
let world: World;
before(async () => {
  // Of a program of a person's own machine the provider asks for the same port no more than for a secret (RFC 8252, 7.3 and 8.5).
  provider = await startIdentityProvider({ id: "edgemere", redirect: "http://127.0.0.1/sso" }, { Ada: ["ops"] });
  const flags = ["--oidc-issuer", provider.issuer, "--oidc-role", "ops=owner"];
  world = await startWorld({ controlPlane: { flags } });
});
after(async () => {
  await world[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

const ada = () => commandLine(world.folder);
/** `edgemere signin --sso`, until it has shown where to go. */
async function begun(...more: readonly string[]) {
  const program = ada().start(["signin", "--server", world.baseUrl, "--sso", ...more]);
  const [location = ""] = await program.said(new RegExp(`${provider.issuer}\\S+`));
  return { program, location, redirect: new URL(location).searchParams.get("redirect_uri") ?? "" };
}

test("somebody signs in at the command line with the account of the organisation, and goes on with it", async () => {
  const { program, location, redirect } = await begun();
  await using _program = program;

  const page = await fetch(`${redirect}?${await provider.signIn(location, "Ada")}`);

  assert.match(await page.text(), /Go on in the terminal/);
  assert.equal(await program.ended(), 0, program.output);
  assert.match(program.stderr, /signed in to \S+ as ada \(owner\)/);
  assert.equal(program.stdout, "");
  const { stdout } = await ada().run(["whoami", "-o", "json"]);
  const { actor, proof } = JSON.parse(stdout) as { actor: string; proof: string };
  assert.deepEqual([actor, proof], ["user:ada", "identity-provider"]);
  await assert.rejects(fetch(redirect), "nobody listens any more");
});

test("an answer that was not begun here is not listened to, and the right one is taken all the same", async () => {
  const { program, location, redirect } = await begun("--fresh");
  await using _program = program;
  assert.equal(new URL(location).searchParams.get("prompt"), "login");

  const foreign = await fetch(`${redirect}?code=made-up&state=somebody-elses`);
  const without = await fetch(redirect);
  const posted = await fetch(`${redirect}?${new URL(location).search.slice(1)}`, { method: "POST" });
  assert.deepEqual([foreign.status, without.status, posted.status], [404, 404, 404]);
  await fetch(`${redirect}?${await provider.signIn(location, "Ada")}`);

  assert.equal(await program.ended(), 0, program.output);
});

test("what the identity provider refuses ends the sign-in with words", async () => {
  const { program, location, redirect } = await begun();
  await using _program = program;
  const state = new URL(location).searchParams.get("state") ?? "";

  await fetch(`${redirect}?${new URLSearchParams({ error: "access_denied", state }).toString()}`);

  assert.equal(await program.ended(), 7, program.output);
  assert.match(program.stderr, /does not prove who you are/);
});

test("Ctrl-C and a time that is over end the waiting", async () => {
  const { program } = await begun();
  await using _program = program;
  assert.equal(await program.interrupt(), 130);

  const late = await ada().run(["signin", "--server", world.baseUrl, "--sso", "--timeout", "1s"]);

  assert.equal(late.code, 6, late.stderr);
  assert.match(late.stderr, /not done within the 1 s/);
});

for (const [what, words, said] of [
  ["a name beside it", ["--sso", "--name", "ada"], /--sso takes no name and no password/],
  ["freshness without it", ["--fresh"], /--fresh goes with --sso/],
] as const)
  test(`signing in elsewhere with ${what} is refused before anything is asked`, async () => {
    const { code, stderr } = await ada().run(["signin", "--server", world.baseUrl, ...words]);

    assert.equal(code, 2);
    assert.match(stderr, said);
  });
