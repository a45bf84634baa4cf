import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { happenings, newestNumber } from "../world/happenings.ts";
import { createJob, endOf, isRunning, outputOf, presenceOf, stateOf } from "../world/jobs.ts";
import { eventually, startWorld } from "../world/world.ts";

/** Tells its process number and goes on. */
const endless = { argv: ["sh", "-c", "echo $$; exec sleep 600"] };

test("commands go down to a real agent and come back with what they did", async (t) => {
  await using world = await startWorld();
  await world.enrolAgent("gw1", ["--allow", "exec"]);
  const exec = async (given: object) => endOf(world, await createJob(world, "gw1", "exec", given));
  const shell = (script: string, given: object = {}) => exec({ argv: ["sh", "-c", script], ...given });
  const pidOf = async (job: string) => {
    const { stdout } = await eventually(async () => {
      const output = await outputOf(world, { job });
      return output.stdout.endsWith("\n") && output;
    }, "the program to tell its process number");
    return Number(stdout);
  };

  await t.test("a ping passes through every state in its order", async () => {
    const after = await newestNumber(world);

    const job = await createJob(world, "gw1", "ping");

    const news = await happenings(world, {
      types: ["command.*", "job.*"],
      after,
      until: ({ type }) => type === "job.succeeded",
    });
    assert.deepEqual(
      news.map(({ type }) => type).filter((type) => !/\.(create|updated)$/.test(type)),
      [
        "job.running",
        "command.queued",
        "command.offered",
        "command.journaled",
        "command.running",
        "command.succeeded",
        "job.succeeded",
      ],
    );
    const { state, reason, startedAt = 0, finishedAt = 0, author } = await endOf(world, job);
    assert.deepEqual([state, reason, author], ["succeeded", "", "user:olga"]);
    assert.ok(finishedAt >= startedAt && startedAt > 0);
  });

  await t.test("a program that ends well succeeds with its output, channel by channel", async () => {
    const command = await shell("echo to stdout; echo to stderr >&2");

    assert.equal(command.state, "succeeded");
    assert.deepEqual(command.result, { exitCode: 0, signal: "", outputBytes: 20, droppedBytes: 0 });
    assert.deepEqual(await outputOf(world, command), { stdout: "to stdout\n", stderr: "to stderr\n" });
  });

  await t.test("a program that ends with another exit code fails with it", async () => {
    const { state, reason, detail, result } = await shell("exit 3");

    assert.deepEqual([state, reason, detail, result?.["exitCode"]], ["failed", "exit-code", "exit code 3", 3]);
  });

  await t.test("a program gets its input, its folder and its environment", async () => {
    const command = await shell('cat; pwd; echo "$PLACE"', {
      stdin: "from the control plane\n",
      cwd: world.folder,
      env: { PLACE: "hall 7" },
    });

    const { stdout } = await outputOf(world, command);
    assert.equal(stdout, `from the control plane\n${world.folder}\nhall 7\n`);
  });

  await t.test("output above its limit is dropped and counted", async () => {
    const command = await shell("printf 0123456789", { maxOutputBytes: 4 });

    assert.equal(command.state, "succeeded");
    assert.deepEqual([command.result?.["outputBytes"], command.result?.["droppedBytes"]], [4, 6]);
    assert.equal((await outputOf(world, command)).stdout, "0123");
  });

  await t.test("a program that does not exist fails and is named", async () => {
    const { state, reason, detail } = await exec({ argv: ["no-such-program"] });

    assert.deepEqual([state, reason], ["failed", "not-found"]);
    assert.match(detail, /no-such-program/);
  });

  await t.test("arguments that make no sense are refused before anything is made", async () => {
    const { job: newest } = await world.client.call("cpl/dm/job/create", { device: "gw1", kind: "ping" });

    await assert.rejects(createJob(world, "gw1", "exec", { command: "ls" }), /it takes: argv, cwd, env, stdin/);
    await assert.rejects(createJob(world, "gw1", "exec", { argv: [] }), /argv/);
    await assert.rejects(createJob(world, "nobody", "ping"), /there is no device "nobody"/);

    const { items } = await world.client.call("cpl/dm/job/list", { limit: 1 });
    assert.equal(items[0]?.id, newest.id);
  });

  await t.test("the inventory is taken anew", async () => {
    const { state, result } = await endOf(world, await createJob(world, "gw1", "inventory.refresh"));

    assert.equal(state, "succeeded");
    const { inventory } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
    assert.equal(result?.["facts"], Object.keys(inventory).length);
  });

  await t.test("a service that the device does not have is not found", async () => {
    const job = await createJob(world, "gw1", "service.status", { name: "no-such-service" });

    const { state, reason, detail } = await endOf(world, job);

    assert.deepEqual([state, reason], ["failed", "not-found"]);
    assert.match(detail, /no-such-service/);
  });

  await t.test("a cancelled program is stopped on the device", async () => {
    const job = await createJob(world, "gw1", "exec", endless);
    const pid = await pidOf(job);
    assert.ok(isRunning(pid));

    await world.client.call("cpl/dm/job/cancel", { job });

    const { state, reason } = await endOf(world, job);
    assert.deepEqual([state, reason, isRunning(pid)], ["cancelled", "cancelled", false]);
    await assert.rejects(world.client.call("cpl/dm/job/cancel", { job }), /this job is cancelled already/);
  });

  await t.test("a program that runs longer than it may is stopped", async () => {
    const job = await createJob(world, "gw1", "exec", endless, { runTimeout: 1 });
    const pid = await pidOf(job);

    const { state, reason } = await endOf(world, job);

    assert.deepEqual([state, reason, isRunning(pid)], ["timedout", "ran-too-long", false]);
  });
});

test("a device runs dangerous commands only if its own settings allow them", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  await world.enrolAgent("gw1");

  const refused = await endOf(world, await createJob(world, "gw1", "exec", { argv: ["true"] }));
  const told = await endOf(world, await createJob(world, "fake-001", "service.status", { name: "ssh" }));

  assert.deepEqual([refused.state, refused.reason], ["rejected", "not-allowed"]);
  assert.match(refused.detail, /edgemere-agent run --allow exec/);
  assert.equal(told.state, "succeeded");
  assert.equal(told.result?.["name"], "ssh");
});

test("a device that is asked to reboot has done so when it is back in another boot", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });

  const rebooted = await endOf(world, await createJob(world, "fake-001", "reboot"));
  const restarted = await endOf(world, await createJob(world, "fake-001", "service.restart", { name: "ssh" }));

  assert.equal(rebooted.state, "succeeded");
  assert.notEqual(rebooted.result?.["after"], rebooted.result?.["before"]);
  assert.deepEqual([restarted.state, restarted.result?.["name"]], ["succeeded", "ssh"]);
});

test("what a device that is away is asked waits for it, until its deadline", async () => {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "exec"]);
  await agent.stop();
  await presenceOf(world, "gw1", ["offline"]);

  const late = await createJob(world, "gw1", "exec", { argv: ["true"] }, { queueTimeout: 1 });
  const waiting = await createJob(world, "gw1", "exec", { argv: ["echo", "at last"] });
  const unwanted = await createJob(world, "gw1", "exec", { argv: ["true"] });
  await world.client.call("cpl/dm/job/cancel", { job: unwanted });
  const expired = await endOf(world, late);
  assert.equal(await stateOf(world, waiting), "queued");
  agent.run();

  const ran = await endOf(world, waiting);
  assert.deepEqual([expired.state, expired.reason, expired.startedAt], ["expired", "too-old", undefined]);
  assert.equal(await stateOf(world, unwanted), "cancelled");
  assert.equal(ran.state, "succeeded");
  assert.deepEqual(await outputOf(world, ran), { stdout: "at last\n", stderr: "" });
});

test("a device in quarantine stays connected and gets no command before its release", async () => {
  await using world = await startWorld();
  await world.enrolAgent("gw1");
  await world.client.call("cpl/dm/device/quarantine", { device: "gw1" });

  const job = await createJob(world, "gw1", "ping");
  const from = Math.max(0, ...(await sampledAt()));
  // Whatever was going to be sent to it had its chance: it has talked and been answered since.
  await eventually(async () => Math.max(0, ...(await sampledAt())) > from, "telemetry from quarantine");
  assert.equal(await stateOf(world, job), "queued");
  await world.client.call("cpl/dm/device/release", { device: "gw1" });

  assert.equal((await endOf(world, job)).state, "succeeded");

  async function sampledAt() {
    return (await world.client.call("cpl/ta/latest", { device: "gw1" })).values.map(({ at }) => at);
  }
});

test("a retired device loses its open commands, hears so, wipes its keys and cannot connect again", async () => {
  await using world = await startWorld();
  const agent = await world.enrolAgent("gw1", ["--allow", "exec"]);
  const effect = `${world.folder}/effect`;
  const running = await createJob(world, "gw1", "exec", { argv: ["sh", "-c", `echo 1 > ${effect}; sleep 600`] });
  await eventually(() => readFile(effect, "utf8"), "the program to run");

  const retired = await world.client.call("cpl/dm/device/retire", { device: "gw1" });

  const { state, reason } = await endOf(world, running);
  assert.deepEqual([state, reason], ["lost", "device-retired"]);
  await assert.rejects(createJob(world, "gw1", "ping"), /the device "gw1" is retired and takes no commands/);
  await agent.ended();
  assert.match(agent.output, /the control plane has retired this device: its keys are wiped/);
  agent.run();
  assert.equal(await agent.ended(), 3);
  const { items } = await world.client.call("cpl/dm/session/list");
  const { presence } = await world.client.call("cpl/dm/device/find", { device: retired.id });
  assert.deepEqual([items, presence], [[], "offline"]);
});
