import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { noTerminal as skip } from "../world/has-terminal.ts";
import { createJob, endOf, isThere } from "../world/jobs.ts";
import { askForTerminal, openTerminal, opensTerminals, sit } from "../world/terminals.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
  await world.enrolAgent("gw1", [...opensTerminals, "--allow", "exec"]);
});
after(() => world[Symbol.asyncDispose]());

test("a shell of a real device is typed at and looked at, and its exit code is its end", { skip }, async () => {
  using terminal = await openTerminal(world, "gw1");

  terminal.resize({ columns: 132, rows: 43 });
  terminal.type("stty size; echo $((6*7))\r");
  await terminal.until(/43 132\s+42\s/);
  terminal.type("exit 5\r");

  const { reason, exitCode } = await terminal.untilEnded();
  assert.deepEqual([reason, exitCode], ["", 5]);
  const { state, result } = await endOf(world, terminal.job);
  assert.deepEqual([state, result?.["exitCode"]], ["succeeded", 5]);
});

test(
  "a terminal's recording is what was shown, its chain is whole, and its device signed the same",
  { skip },
  async () => {
    using terminal = await openTerminal(world, "gw1", { reason: "INC-204: disk full" });
    terminal.type("printf 'gr\\303\\274n \\377\\n'; exit\r");
    await terminal.untilEnded();
    const { id, state } = await endOf(world, terminal.job);
    assert.equal(state, "succeeded");

    const row = await world.client.call("cpl/dm/recording/find", { recording: id });
    const { lines, next } = await world.client.call("cpl/dm/recording/play", { recording: id });
    const verdict = await world.client.call("cpl/dm/recording/verify", { recording: id });

    assert.deepEqual(
      [row.state, row.reason, row.author, next],
      ["complete", "INC-204: disk full", "user:olga", undefined],
    );
    assert.match(lines, /^\{"version":2,/);
    assert.match(lines, /"o","[^"]*grün �/);
    assert.deepEqual([verdict.isChained, verdict.isWhole, verdict.device], [true, true, "same"]);
    const sealed = await eventually(async () => {
      const sealings = { action: "cpl/dm/recording/seal", object: `recording:${id}` };
      return (await world.client.call("ia/audit/list", sealings)).items[0];
    }, "the recording's head in the audit log");
    assert.equal(sealed.inputHash, sha256(canonical({ recording: id, head: row.head })));
  },
);

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
/** As the audit log hashes it: keys in order. */
const canonical = (input: Readonly<Record<string, string>>) =>
  JSON.stringify(Object.fromEntries(Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1))));

test("nothing is opened without a reason, and not at another's terminal", { skip }, async () => {
  await assert.rejects(createJob(world, "gw1", "terminal.open", {}), /reason/);
  await assert.rejects(createJob(world, "gw1", "terminal.open", { reason: "  " }), /reason/);
  await assert.rejects(createJob(world, "gw1", "terminal.open", { reason: "x", gatewayKey: "x" }), /gatewayKey/);
  using nowhere = sit(world, await createJob(world, "gw1", "ping"));
  await eventually(async () => nowhere.failure, "a refusal");
  assert.match(nowhere.failure?.message ?? "", /opens no terminal/);
});

test("a device whose owner does not allow terminals opens none, and whoever waits is told why", { skip }, async () => {
  await world.enrolAgent("closed");

  using terminal = sit(world, await askForTerminal(world, "closed"));

  const { reason, detail } = await terminal.untilEnded();
  assert.equal(reason, "not-allowed");
  assert.match(detail, /--allow terminal\.open/);
});

test("whoever comes back to a terminal goes on where they were, and nobody else does", { skip }, async () => {
  const first = await openTerminal(world, "gw1");
  first.type("export KEPT=yes\r");
  await first.until(/KEPT=yes\r\n[^]*ready> $/);
  first[Symbol.dispose]();

  using second = sit(world, first.job);
  second.type("echo kept=$KEPT\r");
  await second.until(/kept=yes/);

  second.leave();
  await second.untilEnded();
  assert.equal((await endOf(world, first.job)).state, "succeeded");
});

test(
  "a flood waits for whoever reads it, other commands go on meanwhile, and nothing of it is left running",
  { skip },
  async () => {
    using terminal = await openTerminal(world, "gw1");
    terminal.type("echo pid=$$; read -r; exec yes\r");
    const [, pid] = await terminal.until(/pid=(\d+)/);
    terminal.lookAway();
    terminal.type("\r");

    assert.equal((await endOf(world, await createJob(world, "gw1", "exec", { argv: ["true"] }))).state, "succeeded");
    const before = terminal.shown.length;
    terminal.read();
    await terminal.until(new RegExp(`^[^]{${before + 1_000_000}}`));
    terminal.leave();

    assert.equal((await endOf(world, terminal.job)).state, "succeeded");
    assert.equal(await isThere(Number(pid)), false);
  },
);

test("a terminal that somebody cancels ends with everything in it", { skip }, async () => {
  using terminal = await openTerminal(world, "gw1");
  terminal.type("echo pid=$$; (setsid nohup sleep 600 >/dev/null 2>&1 & echo child=$!)\r");
  const [, pid] = await terminal.until(/pid=(\d+)/);
  const [, child] = await terminal.until(/child=(\d+)/);

  await world.client.call("cpl/dm/job/cancel", { job: terminal.job });

  assert.equal((await terminal.untilEnded()).reason, "cancelled");
  assert.equal((await endOf(world, terminal.job)).state, "cancelled");
  assert.deepEqual([await isThere(Number(pid)), await isThere(Number(child))], [false, false]);
});

test("a terminal that has been open for as long as it may, or at which nobody types, ends", { skip }, async () => {
  using long = await openTerminal(world, "gw1", { runTimeout: 12, idleTimeout: 600 });
  assert.equal((await long.untilEnded()).reason, "ran-too-long");
  assert.equal((await endOf(world, long.job)).state, "timedout");

  using idle = await openTerminal(world, "gw1", { idleTimeout: 10 });
  assert.equal((await idle.untilEnded()).reason, "idle");
  assert.equal((await endOf(world, idle.job)).state, "failed");
});
