import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadIdentity } from "@edgemere/agent";
import { createClient, type Client } from "@edgemere/control-plane/client";
import { nodeDisk } from "@edgemere/protocol/kit";
import { AgentProgram } from "../../world/agent-program.ts";
import { eventually, owner, startWorld } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { wallClock } from "../tools/launches.ts";

// Days since the first start. An issuer lives 365 days, and makes way when it has less than 60 left.
const ENROLLED = 300;
const ROLLED_OVER = 350;
/** The certificates of before end on day 360. */
const IN_THE_OVERLAP = 358;
const ALL_FORMER_ENDED = 400;

/** The issuer of devices makes way while most of them are away: one comes back while the former one's certificates hold, one when they have ended. */
async function rolledOver(context: Context): Promise<void> {
  const clock = join(context.folder, "clock");
  const day = (count: number) => writeFile(clock, `+${count}d`);
  await day(0);
  const launch = wallClock(clock);
  const world = context.own(await startWorld({ controlPlane: { launch, flags: ["--certificate-life", "60d"] } }));
  const { controlPlane } = world;
  const onDay = async (count: number): Promise<Client> => {
    assert.equal(await controlPlane.stop(), 0, controlPlane.output);
    await day(count);
    await controlPlane.start();
    const { baseUrl } = world;
    const { token = "" } = await createClient({ baseUrl }).call("ia/signin", owner);
    return createClient({ baseUrl, token });
  };
  const issuer = async () =>
    fingerprintOf(await readFile(join(controlPlane.dataFolder, "authority", "device-issuer.pem"), "utf8"));

  const first = await onDay(ENROLLED);
  const former = await issuer();
  const enrolled = async (name: string) => {
    const agent = context.own(new AgentProgram({ dataFolder: join(world.folder, name), launch }));
    agent.enrol(await controlPlane.enrolmentToken(), name);
    const isThere = async () => (await first.call("cpl/dm/device/find", { device: name })).presence === "online";
    await eventually(isThere, `the agent ${name} to come online`);
    return agent;
  };
  const [here, away, late] = [await enrolled("here"), await enrolled("away"), await enrolled("late")];
  for (const agent of [here, away, late]) {
    assert.equal(await issuerOf(agent), former);
    assert.equal(await agent.stop(), 0, agent.output);
  }

  for (const [name, agent, count] of [
    ["here", here, ROLLED_OVER],
    ["away", away, IN_THE_OVERLAP],
    ["late", late, ALL_FORMER_ENDED],
  ] as const) {
    const client = await onDay(count);
    const before = await client.call("cpl/dm/device/find", { device: name });
    const hadEnded = before.certificate.notAfter <= Date.now() + count * 86_400_000;
    assert.equal(hadEnded, count === ALL_FORMER_ENDED);
    const since = Date.now();
    await returned(agent);
    const look = () => client.call("cpl/dm/device/find", { device: name });
    await eventually(async () => (await look()).presence === "online", `${name} to be back`);
    await eventually(async () => (await issuerOf(agent)) !== former, `${name} to have a certificate of the new issuer`);
    assert.equal(await issuerOf(agent), await issuer(), "there is one new issuer");
    await eventually(async () => (await look()).certificate.serial !== before.certificate.serial, "it to be used");
    const { state, identity } = await look();
    assert.equal(state, "active");
    // Nobody has to recover while the former issuer's certificates hold: with them one connects.
    assert.equal(identity?.recoveries.length ?? 0, hadEnded ? 1 : 0);
    assert.equal(await agent.stop(), 0, agent.output);
    context.recorder.round();
    context.recorder.recovered(Date.now() - since);
  }
}

async function returned(agent: AgentProgram): Promise<void> {
  for (const name of ["last-exit", "reconnect"]) await rm(join(agent.dataFolder, name), { force: true });
  agent.run();
}

const issuerOf = async ({ dataFolder }: AgentProgram): Promise<string> =>
  fingerprintOf((await loadIdentity(nodeDisk(dataFolder)))?.chain[0] ?? "");

const fingerprintOf = (pem: string): string =>
  new X509Certificate(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))).fingerprint256;

export const issuers: readonly Scenario[] = [
  {
    id: "F58",
    title: "issuer of devices' certificates replaced while most devices are away",
    layer: 3,
    needs: ["faketime"],
    rounds: { short: 3, full: 3 },
    run: rolledOver,
  },
];
