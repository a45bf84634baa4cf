import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import { ChaosProxy } from "../faults/tools/chaos-proxy.ts";
import { noTerminal as skip } from "../world/has-terminal.ts";
import { endOf, isThere } from "../world/jobs.ts";
import { openTerminal, opensTerminals } from "../world/terminals.ts";
import { eventually, startWorld } from "../world/world.ts";

/** Where devices think that the control plane is. */
const ELSEWHERE = "127.0.0.2";

test("nothing that is typed or shown is lost or doubled while the device has no connection", { skip }, async () => {
  await using world = await startWorld({ controlPlane: { address: ELSEWHERE } });
  const { mqtt, deviceApi } = world.controlPlane.ready.ports;
  const wayTo = (port: number) =>
    ChaosProxy.listen({ host: ELSEWHERE, port }, { host: "127.0.0.1", port }, seededRandom(1));
  await using way = await wayTo(mqtt);
  await using _enrolment = await wayTo(deviceApi);
  await world.enrolAgent("gw1", opensTerminals);
  using terminal = await openTerminal(world, "gw1");
  terminal.type("for n in $(seq 1 600); do echo line $n; sleep 0.01; done; echo all''done\r");

  for (const line of [50, 200]) {
    await terminal.until(new RegExp(`line ${line}\\r`));
    way.cut();
    terminal.type(`echo typed${line}\r`);
  }
  await terminal.until(/alldone[^]*typed50\r\n[^]*typed200\r\n[^]*ready> $/);

  const numbers = [...terminal.shown.matchAll(/line (\d+)\r/g)].map(([, n]) => Number(n));
  assert.deepEqual(
    numbers,
    Array.from({ length: 600 }, (_, n) => n + 1),
  );
  terminal.leave();
  await terminal.untilEnded();
});

test(
  "F68 a terminal whose agent is killed ends at both ends, and nothing of it is left when the agent is back",
  { skip },
  async () => {
    await using world = await startWorld();
    const agent = await world.enrolAgent("gw1", opensTerminals);
    using terminal = await openTerminal(world, "gw1");
    terminal.type("echo pid=$$; (setsid nohup sleep 600 >/dev/null 2>&1 & echo child=$!)\r");
    const [, pid] = await terminal.until(/pid=(\d+)/);
    const [, child] = await terminal.until(/child=(\d+)/);

    await agent.kill();
    await eventually(async () => !(await isThere(Number(pid))), "the shell to end with its agent");
    agent.run();

    assert.notEqual((await terminal.untilEnded()).reason, "");
    const { id, state, reason } = await endOf(world, terminal.job);
    assert.deepEqual([state, reason], ["interrupted", "agent-stopped"]);
    assert.equal(await isThere(Number(child)), false);
    const verdict = await world.client.call("cpl/dm/recording/verify", { recording: id });
    assert.equal(verdict.isChained, true);
  },
);

test(
  "F68 T19 a terminal whose control plane is killed ends at its device, and what was recorded verifies up to the cut",
  { skip },
  async () => {
    await using world = await startWorld();
    await world.enrolAgent("gw1", opensTerminals);
    using terminal = await openTerminal(world, "gw1");
    terminal.type("echo pid=$$; echo kept''words\r");
    const [, pid] = await terminal.until(/pid=(\d+)[^]*keptwords/);

    await world.controlPlane.kill();
    await world.controlPlane.start();

    await eventually(async () => !(await isThere(Number(pid))), "the shell to end without its control plane");
    await eventually(async () => terminal.failure ?? terminal.ended, "whoever sat there to be told");
    const { id } = await endOf(world, terminal.job);
    const row = await eventually(async () => {
      const found = await world.client.call("cpl/dm/recording/find", { recording: id });
      return found.state === "cut" && found;
    }, "the recording to be cut off");
    const verdict = await world.client.call("cpl/dm/recording/verify", { recording: id });
    assert.deepEqual([verdict.isChained, verdict.isWhole, verdict.head], [true, false, row.head]);
    assert.match((await world.client.call("cpl/dm/recording/play", { recording: id })).lines, /keptwords/);
  },
);
