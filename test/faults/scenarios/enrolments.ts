import assert from "node:assert/strict";
import { join } from "node:path";
import { formatToken, parseToken } from "@edgemere/protocol";
import { AgentProgram } from "../../world/agent-program.ts";
import { presenceOf } from "../../world/jobs.ts";
import { startWorld } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { losingAnswers } from "../tools/lost-answers.ts";

const LOST = 3;

/** The control plane makes a device, and the host does not hear of it: three times it hangs up, and three times the host is started anew. */
async function answerLost(context: Context): Promise<void> {
  const world = context.own(await startWorld());
  const { client } = world;
  for (let round = 0; round < context.rounds; round++) {
    const name = `gw${round}`;
    const way = context.own(await losingAnswers(world, LOST));
    const { id, token: text } = await client.call("cpl/dm/token/create", { uses: 1, approval: "none" });
    const token = formatToken({ ...parseToken(text), server: way.url });
    const agent = context.own(new AgentProgram({ dataFolder: join(world.folder, name) }));
    for (let lost = 1; lost <= LOST; lost++) {
      agent.enrol(token, name);
      assert.equal(await agent.ended(), 1, agent.output);
      assert.equal(way.answers.length, lost, "the question came through");
    }
    const since = Date.now();

    agent.enrol(token, name);
    await presenceOf(world, name, ["online"]);

    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
    const given = way.answers.map(({ text }) => JSON.parse(text) as Readonly<Record<string, unknown>>);
    for (const what of ["device", "certificate"])
      assert.equal(new Set(given.map((each) => each[what])).size, 1, `every answer gives the same ${what}`);
    const { items: devices } = await client.call("cpl/dm/device/list", {});
    assert.equal(devices.length, round + 1, "no device was made twice");

    // The token is good for one host: it was used by this one, and by this one only.
    const other = context.own(new AgentProgram({ dataFolder: join(world.folder, `other-${name}`) }));
    other.enrol(token, "other");
    assert.equal(await other.ended(), 4, other.output);
    const { items: tokens } = await client.call("cpl/dm/token/list", {});
    assert.equal(tokens.find((each) => each.id === id)?.used, 1);
    assert.equal(await agent.stop(), 0, agent.output);
  }
}

export const enrolments: readonly Scenario[] = [
  {
    id: "F54",
    title: "answer to an enrolment lost three times in a row",
    layer: 3,
    rounds: { short: 1, full: 20 },
    run: answerLost,
  },
];
