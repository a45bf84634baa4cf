import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AGENT_VERSION, enrol as enrolInProcess } from "@edgemere/agent";
import { formatToken, parseToken, type EnrolmentToken } from "@edgemere/protocol";
import { MINUTE, nodeDisk, systemClock, systemRandom } from "@edgemere/protocol/kit";
import { startServed } from "../conformance/served.ts";
import { Program } from "../world/program.ts";
import { startWorld, type World } from "../world/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

async function run(program: string, args: readonly string[], input = "", environment = {}): Promise<Ran> {
  const script = program === "edgemere-agent" ? `agent/bin/${program}.js` : `control-plane/bin/${program}.js`;
  await using running = new Program({ script, args, input, environment });
  const code = await running.ended();
  return { code, output: running.output };
}

const folderOf = (name: string) => join(world.folder, name);
const enrol = (name: string, token: string, ...more: readonly string[]) =>
  run("edgemere-agent", ["enrol", "-", "--data", folderOf(name), "--name", name, ...more], `${token}\n`);
const newToken = async () => (await world.client.call("cpl/dm/token/create", { approval: "none" })).token;
const withPart = (token: string, part: Partial<EnrolmentToken>) => formatToken({ ...parseToken(token), ...part });
const devices = async () => (await world.client.call("cpl/dm/device/list")).items.map(({ name }) => name);

async function usesOf(token: string): Promise<number | undefined> {
  const { items } = await world.client.call("cpl/dm/token/list", { limit: 500 });
  return items.find(({ id }) => id === parseToken(token).id)?.used;
}

/** A refused enrolment leaves no identity and no device. */
async function leftNothing(name: string): Promise<void> {
  assert.equal(existsSync(join(folderOf(name), "identity.json")), false);
  assert.ok(!(await devices()).includes(name));
}

test("a token that was used enrols no second host", async () => {
  const token = await newToken();
  assert.equal((await enrol("first", token)).code, 0);

  const { code, output } = await enrol("second", token);

  assert.equal(code, 4, output);
  assert.match(output, /this enrolment token was used already; make a new one with "edgemere cpl dm token create"/);
  await leftNothing("second");
  const status = await run("edgemere-agent", ["status", "--data", folderOf("second")]);
  assert.equal(status.code, 3, status.output);
});

test("a token that was revoked enrols nobody", async () => {
  const { id, token } = await world.client.call("cpl/dm/token/create", { approval: "none" });
  await world.client.call("cpl/dm/token/revoke", { id });

  const { code, output } = await enrol("revoked", token);

  assert.equal(code, 4, output);
  assert.match(output, /this enrolment token was revoked; make a new one/);
  await leftNothing("revoked");
});

test("a token that has expired enrols nobody", async () => {
  let shift = 0;
  await using served = await startServed({ ...systemClock, now: () => systemClock.now() + shift });
  const { token } = await served.client.call("cpl/dm/token/create", { ttl: 60, approval: "none" });
  shift = MINUTE;

  const { code, output } = await enrol("late", token);

  assert.equal(code, 4, output);
  assert.match(output, /this enrolment token has expired; make a new one/);
  assert.deepEqual((await served.client.call("cpl/dm/device/list")).items, []);
  await leftNothing("late");
});

const changed: readonly (readonly [what: string, change: (token: string) => string, code: number, says: RegExp])[] = [
  ["that was cut short", (token) => token.slice(0, -3), 2, /its pin is cut short or changed\. Make one with "edgemere/],
  ["that lost a part", (token) => token.split(".").slice(0, -1).join("."), 2, /it does not have five parts/],
  ["that is an API token", () => "edt_01ABC_secret", 2, /it does not start with "ed1\."/],
  [
    "with another secret",
    (token) => withPart(token, { secret: Buffer.alloc(32, 7).toString("base64url") }),
    4,
    /this enrolment token is unknown; make a new one/,
  ],
  [
    "of a token that never was",
    (token) => withPart(token, { id: "01MADEUP" }),
    4,
    /this enrolment token is unknown; make a new one/,
  ],
  [
    "with the pin of another control plane",
    (token) => withPart(token, { pin: Buffer.alloc(32, 7).toString("base64url") }),
    4,
    /is not the one that made this token: .* Nothing was sent\. Check the address/,
  ],
  [
    "with an address where nobody is",
    (token) => withPart(token, { server: "https://127.0.0.1:1" }),
    1,
    /no connection to the control plane at https:\/\/127\.0\.0\.1:1: .*Check that it runs and can be reached/,
  ],
  [
    "with the address of the portal",
    (token) => withPart(token, { server: world.baseUrl.replace("http:", "https:") }),
    1,
    /what answers there does not speak TLS/,
  ],
  [
    "with the address of the broker",
    (token) => withPart(token, { server: `https://127.0.0.1:${world.controlPlane.ready.ports.mqtt}` }),
    1,
    /no connection to the control plane/,
  ],
  [
    "with an address over plain HTTP",
    (token) => withPart(token, { server: world.baseUrl }),
    2,
    /its address is no https address/,
  ],
];

for (const [index, [what, change, expected, says]] of changed.entries())
  test(`a token ${what} ends with ${expected} and what to do, and the right one is not used up`, async () => {
    const [name, token] = [`changed-${index}`, await newToken()];

    const { code, output } = await enrol(name, change(token));

    assert.equal(code, expected, output);
    assert.match(output, says);
    assert.ok(!output.includes(parseToken(token).secret));
    await leftNothing(name);
    assert.equal(await usesOf(token), 0);
  });

test("of eight hosts that race with one token one becomes a device", async () => {
  const [token, known] = [await newToken(), await devices()];
  const racing = Array.from({ length: 8 }, (_, index) => {
    const env = { clock: systemClock, disk: nodeDisk(folderOf(`racing-${index}`)), random: systemRandom };
    return enrolInProcess({ token, env, name: `racing-${index}`, machineId: `m${index}`, agentVersion: AGENT_VERSION });
  });

  const ended = await Promise.allSettled(racing);

  const refusals = ended.flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []));
  assert.equal(refusals.length, 7);
  for (const refusal of refusals) assert.match(refusal, /this enrolment token was used already/);
  assert.equal((await devices()).length, known.length + 1);
  assert.equal(await usesOf(token), 1);
});

test("a host that is a device already says so and stays what it is", async () => {
  await enrol("settled", await newToken());

  const { code, output } = await enrol("settled", await newToken());

  assert.equal(code, 2);
  assert.match(output, /already enrolled as settled .* to make it another device add --again/);
});

test("labels that the control plane does not take are refused by name", async () => {
  const { code, output } = await enrol("labelled", await newToken(), "--label", "Not Good=x");

  assert.equal(code, 4, output);
  assert.match(output, /Not Good/);
  await leftNothing("labelled");
});

const agentMistakes: readonly (readonly [what: string, args: readonly string[], code: number, says: RegExp])[] = [
  ["an unknown command", ["start"], 2, /"start" is none of enrol, run, status\. See edgemere-agent --help/],
  ["no token", ["enrol"], 2, /enrol needs a token: edgemere-agent enrol TOKEN/],
  ["no token on standard input", ["enrol", "-"], 2, /no enrolment token came on standard input|no enrolment token/],
  ["an unknown flag", ["run", "--sampel", "1s"], 2, /unknown option --sampel\. Did you mean --sample\?/],
  ["a flag without its value", ["run", "--sample"], 2, /--sample needs a value: --sample TIME/],
  ["a duration that is none", ["run", "--sample", "soon"], 2, /--sample: "soon" is not a duration such as 500ms/],
  ["a duration that is too short", ["run", "--sample", "1ms"], 2, /--sample: "1ms" is too small/],
  ["reports that come before samples", ["run", "--report", "1s"], 2, /--report must be at least as long as --sample/],
  ["a size that is none", ["run", "--spool", "9"], 2, /--spool: "9" is not a size such as 512KiB/],
  ["a kind that is none", ["run", "--allow", "dance"], 2, /--allow: "dance" is none of exec/],
  ["a folder that is not written out", ["run", "--source", "logs=var"], 2, /the directory must start with \//],
  ["a tag on no source", ["run", "--tag", "logs:a=b"], 2, /logs/],
  ["a word too many", ["run", "now"], 2, /"now" is one word too many/],
  ["a file that is not there", ["run", "--config", "/nonexistent.yaml"], 2, /--config cannot be read: .*nonexistent/],
  ["no identity", ["run"], 3, /enrol it with "edgemere-agent enrol TOKEN"/],
];

for (const [what, args, expected, says] of agentMistakes)
  test(`the agent started with ${what} ends with ${expected} and says what to do`, async () => {
    const { code, output } = await run("edgemere-agent", [...args, "--data", folderOf("mistaken")]);

    assert.equal(code, expected, output);
    assert.match(output, says);
    assert.doesNotMatch(output, /^ {4}at /m);
  });

test("an agent whose settings name a script and can be written by others runs none, ends with 2 and says what to do", async () => {
  const file = folderOf("open.yaml");
  await writeFile(file, "script:\n  ups: /bin/true\n");
  await chmod(file, 0o666);

  const { code, output } = await run("edgemere-agent", ["run", "--config", file, "--data", folderOf("mistaken")]);

  assert.equal(code, 2, output);
  assert.match(
    output,
    /the programs in the settings are not run: .* can be written by its group or by others: chmod go-w/,
  );
});

test("the agent started with a variable that is misspelt ends with 2 and names the nearest", async () => {
  const { code, output } = await run("edgemere-agent", ["run"], "", { EDGEMERE_AGENT_SAMPEL: "1s" });

  assert.equal(code, 2);
  assert.match(output, /unknown variable EDGEMERE_AGENT_SAMPEL\. Did you mean EDGEMERE_AGENT_SAMPLE\?/);
});

const files: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ["an unknown key", "protal-port: 3000", /unknown key protal-port in .*\. Did you mean portal-port\?/],
  ["a port that is none", "portal-port: http", /portal-port in .*: "http" is no whole number/],
  ["a port that is too high", "mqtt-port: 70000", /mqtt-port in .*: "70000" is too large/],
  ["a list where one value stands", "data: [a, b]", /data in .* must be a single value/],
  ["what is no YAML", "origin: [a", /is no valid YAML: .* at line 2, column 1/],
  ["words in place of keys", "hello", /must consist of lines such as/],
];

for (const [what, text, says] of files)
  test(`the control plane given a file with ${what} ends with 1, says where, and makes nothing`, async () => {
    const [file, data] = [folderOf("control-plane.yaml"), folderOf("not-made")];
    await writeFile(file, `${text}\n`);

    const { code, output } = await run("edgemere-control-plane", ["--config", file, "--data", data]);

    assert.equal(code, 1);
    assert.match(output, says);
    assert.doesNotMatch(output, /^ {4}at /m);
    assert.equal(existsSync(data), false);
  });

const controlPlaneMistakes: readonly (readonly [what: string, args: () => readonly string[], says: RegExp])[] = [
  ["an unknown flag", () => ["--portal-prot", "1"], /unknown option --portal-prot\. Did you mean --portal-port\?/],
  ["a port that is none", () => ["--mqtt-port", "-1"], /--mqtt-port/],
  [
    "a port that is taken",
    () => ["--data", folderOf("other"), "--mqtt-port", String(world.controlPlane.ready.ports.mqtt)],
    /port \d+ on 0\.0\.0\.0 is taken by another program: stop it, or choose another with --mqtt-port/,
  ],
  [
    "the data of another that runs",
    () => ["--data", world.controlPlane.dataFolder],
    /the data folder is in use by another control plane \(.*\): stop it, or choose another with --data/,
  ],
];

for (const [what, args, says] of controlPlaneMistakes)
  test(`the control plane started with ${what} ends with 1 and says what to do`, async () => {
    const { code, output } = await run("edgemere-control-plane", args());

    assert.equal(code, 1);
    assert.match(output, says);
    assert.doesNotMatch(output, /^ {4}at /m);
  });
