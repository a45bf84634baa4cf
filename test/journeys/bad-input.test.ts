import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient, ProblemError, Unreachable } from "@edgemere/control-plane/client";
import { commandLine, type CommandLine } from "../world/command-line.ts";
import { ask, live } from "../world/faces.ts";
import { newestNumber } from "../world/happenings.ts";
import { startWorld, type World } from "../world/world.ts";

let world: World;
let cli: CommandLine;
before(async () => {
  world = await startWorld();
  cli = commandLine(world.folder);
});
after(() => world[Symbol.asyncDispose]());

type Request = Parameters<typeof ask>[2];
interface Case {
  readonly title: string;
  readonly method?: string;
  readonly path: string;
  readonly request?: Request;
  readonly status: number;
  readonly problem: string;
  readonly says: RegExp;
}

const input = (value: unknown): Request => ({ input: value });
const raw = (text: string, headers: Readonly<Record<string, string>> = {}): Request => ({ raw: text, headers });
const invalid = { status: 400, problem: "invalid-input" } as const;

const cases: readonly Case[] = [
  {
    title: "an unknown action",
    path: "cpl/dm/devise/list",
    status: 404,
    problem: "unknown-action",
    says: /there is no action "cpl\/dm\/devise\/list"; did you mean .*cpl\/dm\/device\/list/,
  },
  {
    title: "an address that is none of ours",
    path: "cpl//../%00",
    status: 404,
    problem: "unknown-action",
    says: /see "edgemere --help" or \/edgemere\/docs/,
  },
  { title: "an address that cannot be read", path: "cpl/%zz", ...invalid, says: /check what stands after each %/ },
  {
    title: "the wrong method",
    method: "GET",
    path: "cpl/dm/token/create",
    status: 405,
    problem: "method-not-allowed",
    says: /cpl\/dm\/token\/create is asked for with POST, not GET/,
  },
  {
    title: "a body that is no JSON",
    path: "cpl/dm/token/create",
    request: raw("{uses: 1"),
    ...invalid,
    says: /not valid JSON/,
  },
  {
    title: "a body that reaches for the prototype",
    path: "cpl/dm/token/create",
    request: raw('{"__proto__": {"uses": 9}}'),
    ...invalid,
    says: /not valid JSON/,
  },
  {
    title: "a body that is no object",
    path: "cpl/dm/token/create",
    request: input([1]),
    ...invalid,
    says: /must be a JSON object/,
  },
  {
    title: "a body of another type",
    path: "cpl/dm/token/create",
    request: raw("uses: 1", { "content-type": "application/yaml" }),
    status: 415,
    problem: "unsupported-media-type",
    says: /send the input as JSON, with Content-Type: application\/json/,
  },
  {
    title: "a body over the limit",
    path: "cpl/dm/token/create",
    request: input({ labels: { site: "x".repeat(1_100_000) } }),
    status: 413,
    problem: "too-large",
    says: /send less/,
  },
  {
    title: "missing parameters",
    path: "cpl/dm/job/create",
    request: input({}),
    ...invalid,
    says: /"device" is required; "kind" is required/,
  },
  {
    title: "a parameter of another kind",
    path: "cpl/dm/token/create",
    request: input({ ttl: "soon" }),
    ...invalid,
    says: /"ttl" must be a number from 60 to 604800, not "soon"/,
  },
  {
    title: "a parameter out of its range",
    path: "cpl/dm/token/create",
    request: input({ uses: 2 ** 53 }),
    ...invalid,
    says: /"uses" must be a number from 1 to 10000, not 9007199254740992/,
  },
  {
    title: "a choice that is none",
    path: "cpl/dm/job/create",
    request: input({ device: "gw1", kind: "dance" }),
    ...invalid,
    says: /"kind" must be one of ping, exec, .*, not "dance"/,
  },
  {
    title: "an unknown parameter",
    path: "cpl/dm/token/create",
    request: input({ color: "red" }),
    ...invalid,
    says: /"color" is no parameter of cpl\/dm\/token\/create; it takes: uses, ttl, labels, hostLabels, approval/,
  },
  {
    title: "a parameter that every object has",
    path: "cpl/dm/token/create",
    request: raw('{"constructor": 1}'),
    ...invalid,
    says: /JSON|"constructor" is no parameter/,
  },
  {
    title: "a label that is none",
    path: "cpl/dm/token/create",
    request: input({ labels: { "Not Good": "x" } }),
    ...invalid,
    says: /Not Good/,
  },
  {
    title: "arguments that the command kind does not take",
    path: "cpl/dm/job/create",
    request: input({ device: "gw1", kind: "exec", arguments: { command: "id" } }),
    ...invalid,
    says: /"command" is no parameter of exec; it takes: argv, /,
  },
  {
    title: "a reference to nothing",
    path: "cpl/dm/job/create",
    request: input({ device: "gw1", kind: "ping" }),
    status: 404,
    problem: "not-found",
    says: /"gw1"/,
  },
  {
    title: "an unknown field in a selector",
    path: "cpl/dm/device/list",
    request: input({ selector: 'colour == "red"' }),
    ...invalid,
    says: /there is no field "colour"; the fields are: id, name, state, presence, .* line 1, column 1 of/,
  },
  {
    title: "a selector that breaks off",
    path: "cpl/dm/device/list",
    request: input({ selector: "site=berlin and (" }),
    ...invalid,
    says: /line 1, column \d+ of/,
  },
  {
    title: "a query of data that breaks off",
    path: "diml/find",
    request: input({ query: "size >" }),
    ...invalid,
    says: /line 1, column \d+ of/,
  },
  {
    title: "a cursor that nobody gave",
    path: "cpl/dm/device/list",
    request: input({ cursor: "made-up" }),
    ...invalid,
    says: /cursor does not belong to this list; start again without one/,
  },
  {
    title: "a cursor of another list",
    path: "cpl/dm/token/list",
    request: input({ cursor: Buffer.from("r!user!olga").toString("base64url") }),
    ...invalid,
    says: /cursor does not belong to this list/,
  },
  {
    title: "a number of an event that is still to come",
    path: "ia/event/list",
    request: input({ after: -1 }),
    ...invalid,
    says: /"after" /,
  },
  {
    title: "a key that is no Idempotency-Key",
    path: "cpl/dm/token/create",
    request: { input: {}, headers: { "idempotency-key": "two words" } },
    ...invalid,
    says: /1 to 255 visible ASCII characters/,
  },
  {
    title: "a secret in the address",
    path: "ia/signin?name=olga&password=a-long-enough-password",
    ...invalid,
    says: /"password" is a secret: send it in the body/,
  },
  {
    title: "a token that is none",
    path: "cpl/dm/device/list",
    request: { token: "edt_made_up" },
    status: 401,
    problem: "not-signed-in",
    says: /wrong, has expired or was revoked; sign in again/,
  },
  {
    title: "another way to sign in",
    path: "cpl/dm/device/list",
    request: { headers: { authorization: "Basic b2xnYTpwYXNzd29yZA==" } },
    status: 401,
    problem: "not-signed-in",
    says: /Authorization: Bearer <token>/,
  },
  {
    title: "a wrong password",
    path: "ia/signin",
    request: input({ name: "olga", password: "another password" }),
    status: 401,
    problem: "not-signed-in",
    says: /name or password is wrong/,
  },
  {
    title: "a setup code that was used",
    path: "ia/setup",
    request: input({ code: "AAAA-BBBB", name: "mallory", password: "a long enough password" }),
    status: 409,
    problem: "conflict",
    says: /set up already; sign in instead/,
  },
];

for (const { title, method = "POST", path, request, status, problem, says } of cases)
  test(`over REST ${title} is refused with what to do, and nothing is stored`, async () => {
    const before = await newestNumber(world);
    const url = `${world.baseUrl}/edgemere/${path}`;

    const answer = await ask(url, method, { token: world.token, ...request });

    assert.deepEqual(
      [answer.status, answer.body["type"]],
      [status, `/problems/${problem}`],
      JSON.stringify(answer.body),
    );
    assert.match(String(answer.body["detail"]), says);
    assert.equal(await newestNumber(world), before);
    assert.match(String((await ask(`${world.baseUrl}/problems/${problem}`, "GET")).body["text"]), /<h1>/);
  });

const liveCases = [
  ["an unknown action", "call", { path: "cpl/dm/devise/list" }, /did you mean/],
  ["a call without a path", "call", { input: {} }, /call takes \{ path, input, idempotencyKey\? \}/],
  ["a call that is a word", "call", "cpl/dm/device/list", /call takes/],
  ["a call of nothing", "call", null, /call takes/],
  ["an input that is no object", "call", { path: "cpl/dm/token/create", input: 7 }, /must be a JSON object/],
  [
    "an unknown parameter",
    "call",
    { path: "cpl/dm/token/create", input: { color: 1 } },
    /it takes: uses, ttl, labels, hostLabels, approval/,
  ],
  ["events that do not exist", "subscribe", { types: ["device.exploded"] }, /there are: \*, device\.\*/],
  ["a subscription to nothing", "subscribe", { types: [] }, /subscribe takes \{ types, after\? \}/],
  ["a number beyond the log", "subscribe", { types: ["*"], after: 2 ** 40 }, /the log of events ends at \d+/],
  ["an end of nothing", "unsubscribe", 1, /unsubscribe takes \{ subscription \}/],
] as const;

for (const [title, name, message, says] of liveCases)
  test(`over socket.io ${title} is refused with what to do, and the connection goes on`, async () => {
    const before = await newestNumber(world);
    using socket = live(world.baseUrl, world.token);

    const { problem } = await socket.emit(name, message);
    const next = await socket.emit("call", { path: "ia/whoami" });

    assert.match(problem?.detail ?? "", says);
    assert.equal(next.problem, undefined);
    assert.equal(await newestNumber(world), before);
  });

test("over socket.io a token that is none does not come in, and hears why", async () => {
  using socket = live(world.baseUrl, "edt_made_up");

  await assert.rejects(socket.emit("call", { path: "ia/whoami" }), /wrong, has expired or was revoked; sign in again/);
});

const typed = [
  [
    "an unknown command",
    ["devise", "list"],
    2,
    /there is no command "devise list"; did you mean edgemere .*device list/,
  ],
  ["an ambiguous command", ["token", "list"], 2, /may mean: edgemere cpl dm token list, edgemere ia token list/],
  ["a group in place of a command", ["cpl", "dm"], 2, /Usage: edgemere cpl dm <command>/],
  ["an unknown option", ["device", "list", "--selectr", "a=b"], 2, /unknown option '--selectr'.*--selector/s],
  ["an option that is missing", ["job", "create", "gw1"], 2, /missing: --kind \(ping, exec, /],
  ["a choice that is none", ["job", "create", "gw1", "--kind", "dance"], 2, /--kind takes one of ping, exec, /],
  [
    "a number that is none",
    ["cpl", "dm", "token", "create", "--uses", "many"],
    2,
    /--uses takes a whole number, not "many"/,
  ],
  ["a number out of its range", ["cpl", "dm", "token", "create", "--uses", "0"], 2, /--uses: .*from 1 to 10000/],
  ["a selector that breaks off", ["device", "list", "--selector", "site="], 2, /line 1, column \d+/],
  ["a thing that is not there", ["device", "find", "gw1"], 4, /"gw1"/],
  ["what cannot be undone, unasked", ["device", "retire", "gw1"], 2, /add --yes if it is meant/],
] as const;

for (const [title, words, code, says] of typed)
  test(`on the command line ${title} ends with ${code} and what to do, and nothing is stored`, async () => {
    const before = await newestNumber(world);

    const ran = await cli.run([...words, "--server", world.baseUrl], "", { EDGEMERE_TOKEN: world.token });

    assert.equal(ran.code, code, ran.stderr);
    assert.match(`${ran.stdout}${ran.stderr}`, says);
    assert.equal(await newestNumber(world), before);
  });

test("on the command line a wrong token ends with 7 and says how to sign in", async () => {
  const ran = await cli.run(["device", "list", "--server", world.baseUrl], "", { EDGEMERE_TOKEN: "edt_made_up" });

  assert.equal(ran.code, 7);
  assert.match(ran.stderr, /sign in with: edgemere signin --server http/);
});

test("on the command line a control plane that is not there ends with 6 and says where it was looked for", async () => {
  const ran = await cli.run(["device", "list", "--server", "http://127.0.0.1:1"]);

  assert.equal(ran.code, 6);
  assert.match(
    ran.stderr,
    /no answer from the control plane at http:\/\/127\.0\.0\.1:1: .*\n.*is the control plane running\?/,
  );
});

test("the client throws what was refused, and tells it from no answer", async () => {
  const before = await newestNumber(world);
  const refused = await world.client.call("cpl/dm/token/create", { uses: 0 }).catch((error: unknown) => error);
  const stranger = createClient({ baseUrl: world.baseUrl, token: "edt_made_up" });
  const notSignedIn = await stranger.call("cpl/dm/device/list").catch((error: unknown) => error);
  const nowhere = createClient({ baseUrl: "http://127.0.0.1:1" });
  const lost = await nowhere.call("ia/status").catch((error: unknown) => error);

  assert.ok(refused instanceof ProblemError && notSignedIn instanceof ProblemError);
  assert.deepEqual([refused.kind, notSignedIn.kind], ["invalid-input", "not-signed-in"]);
  assert.deepEqual(refused.errors, [{ pointer: "/uses", detail: '"uses" must be a number from 1 to 10000, not 0' }]);
  assert.ok(lost instanceof Unreachable);
  assert.equal(await newestNumber(world), before);
});

test("a key that comes back with another input is refused, with the same input it is done once", async () => {
  const url = `${world.baseUrl}/edgemere/ia/user/create`;
  const headers = { "idempotency-key": "the-key" };
  const account = { name: "vera", password: "a long enough password", roles: ["viewer"] };
  const { token } = world;

  const first = await ask(url, "POST", { token, headers, input: account });
  const again = await ask(url, "POST", { token, headers, input: account });
  const other = await ask(url, "POST", { token, headers, input: { ...account, name: "victor" } });

  assert.deepEqual([first.status, again.status, other.status], [200, 200, 409]);
  assert.deepEqual(again.body, first.body);
  assert.match(String(other.body["detail"]), /take a new key for a new request/);
  const { items } = await world.client.call("ia/user/list");
  assert.deepEqual(items.map(({ name }) => name).toSorted(), ["olga", "vera"]);
});
