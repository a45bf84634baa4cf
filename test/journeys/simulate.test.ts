import assert from "node:assert/strict";
import { test } from "node:test";
import { Program } from "../world/program.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const DEVICES = 30;

const simulate = (input: string, ...more: readonly string[]) =>
  new Program({
    script: "simulators/bin/edgemere-simulate.js",
    args: ["--token-file", "-", "--sample", "1s", "--report", "1s", ...more],
    input,
    environment: { EDGEMERE_TOKEN: "" },
  });

const countOf = async ({ client }: World, presence: string) =>
  (await client.call("cpl/dm/device/summary")).presence[presence] ?? 0;

test("a fleet is simulated against a running control plane until Ctrl-C, and says goodbye", async () => {
  await using world = await startWorld();
  const { token } = await world.client.call("cpl/dm/token/create", { uses: DEVICES });

  await using fleet = simulate(`${token}\n`, "--devices", String(DEVICES), "--prefix", "hall");
  await eventually(async () => (await countOf(world, "online")) === DEVICES, "all devices online");
  const { items } = await world.client.call("cpl/dm/device/list", { selector: "name = hall-030" });
  assert.equal(items.length, 1);
  await eventually(
    async () => (await world.client.call("cpl/ta/latest", { device: "hall-030" })).values.length > 0,
    "telemetry of the last device",
  );
  const code = await fleet.interrupt();

  assert.equal(code, 0, fleet.output);
  assert.match(fleet.output, new RegExp(`${DEVICES} of ${DEVICES} devices run`));
  assert.match(fleet.output, /Stopping 30 devices/);
  assert.equal(fleet.stderr, "");
  assert.ok(!fleet.output.includes(token));
  await eventually(async () => (await countOf(world, "offline")) === DEVICES, "the goodbye of all devices");
});

test("a simulation that cannot enrol its devices says why and leaves none behind", async () => {
  await using world = await startWorld();
  const { token } = await world.client.call("cpl/dm/token/create", { uses: 1 });

  const tooMany = simulate(`${token}\n`, "--devices", "3");
  const noToken = simulate("");
  const badToken = simulate("ed1.nonsense\n");
  const codes = [await tooMany.ended(), await noToken.ended(), await badToken.ended()];

  assert.deepEqual(codes, [1, 2, 1]);
  assert.match(tooMany.stderr, /this enrolment token was used already; make a new one/);
  assert.match(noToken.stderr, /--token-file: there is no token in it/);
  assert.match(badToken.stderr, /this is no enrolment token/);
  assert.equal(await countOf(world, "online"), 0);
});
