import assert from "node:assert/strict";
import { loadIdentity } from "@edgemere/agent";
import { nodeDisk } from "@edgemere/protocol/kit";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import { twoHosts } from "../tools/hosts.ts";
import { lasting } from "../tools/pause.ts";
import { Resolver, type Answer } from "../tools/resolver.ts";
import { Trial } from "../trial.ts";

const SECOND = 1_000;
const [PREFERRED, OTHER] = ["control.edgemere.test", "control-2.edgemere.test"];
/** Addresses of the cable on which nobody is, and to which the control plane moves. */
const [NOBODY, ELSEWHERE] = ["10.77.0.66", "10.77.0.9"];

/** What both names say while the device must do without, and for how long. */
const astray: readonly (readonly [answer: Answer, seconds: number])[] = [
  [{ address: NOBODY }, 5],
  [{}, 3],
  [{ after: "never" }, 12],
];

/** Names that lead astray, to nothing, late or elsewhere: the device keeps what it has and comes to the control plane by the next way that works. */
async function resolving(context: Context): Promise<void> {
  const hosts = context.own(await twoHosts(context.folder));
  const { centre, edge } = hosts;
  await centre.run("ip", "addr", "add", `${ELSEWHERE}/24`, "dev", "eth0");
  const resolver = context.own(await Resolver.start(edge, context.folder));
  const say = (preferred: Answer, other: Answer) => resolver.says({ [PREFERRED]: preferred, [OTHER]: other });
  let home = centre.address;
  const right = () => say({ address: home }, { address: home });
  await right();
  const flags = ["--address", OTHER];
  const controlPlane = { address: PREFERRED, host: home, flags, launch: centre.launch };
  const trial = await Trial.start(context, {
    world: { controlPlane, door: hosts.door },
    agent: { launch: resolver.launch },
  });
  /** Who has a connection asks for no name. */
  const restart = async (more: readonly string[] = []) => {
    assert.equal(await trial.world.controlPlane.stop(), 0);
    await trial.world.controlPlane.start({ host: home, flags: [...flags, ...more] });
  };
  /** Breaks that follow each other fast make an agent patient: that is not what this is about. */
  const startAfresh = async () => {
    assert.equal(await trial.agent.stop(), 0);
    await trial.startAgent();
    await trial.told(async () => {
      await eventually(async () => connections(trial).length > 0, "the agent to be connected again");
    });
  };
  const recoveredAt = async (name: string, since: number) => {
    await trial.recovered(since);
    const { mqtt: port } = trial.world.controlPlane.ready.ports;
    assert.equal(inUse(trial), `mqtts://${name}:${port}`);
  };

  for (let round = 0; round < context.rounds; round++) {
    await startAfresh();
    for (const [answer, seconds] of astray) {
      await trial.giveWork();
      await say(answer, answer);
      await restart();
      await trial.giveWork();
      const before = { asked: resolver.questions(OTHER), connections: connections(trial).length };
      await lasting(seconds * SECOND);
      await eventually(async () => resolver.questions(OTHER) > before.asked, "the names to be looked up anew");
      assert.equal(connections(trial).length, before.connections, "there is no way meanwhile");
      const since = Date.now();
      await right();
      await trial.recovered(since);
    }
    await startAfresh();
    await trial.giveWork();
    await say({ address: home, after: 7 * SECOND }, {});
    await restart();
    await recoveredAt(PREFERRED, Date.now());

    await trial.giveWork();
    await say({ address: NOBODY }, { address: home });
    await restart();
    await recoveredAt(OTHER, Date.now());

    // Somebody adds an address; devices hear of it while they are connected.
    await restart(["--address", home]);
    const { dataFolder } = trial.agent;
    const added = `mqtts://${home}:${trial.world.controlPlane.ready.ports.mqtt}`;
    await trial.told(async () => {
      const known = async () => (await loadIdentity(nodeDisk(dataFolder)))?.mqtt.includes(added);
      await eventually(known, "the device to know the new address");
    });
    await trial.giveWork();
    await say({}, {});
    await restart(["--address", home]);
    await recoveredAt(home, Date.now());

    home = home === ELSEWHERE ? centre.address : ELSEWHERE;
    await trial.giveWork();
    await say({ address: home }, { address: NOBODY });
    await restart();
    await recoveredAt(PREFERRED, Date.now());
  }
  await trial.settle();
}

/** The addresses by which the agent was connected, one after the other. */
const connections = ({ agent }: Trial): readonly string[] =>
  [...agent.output.matchAll(/"message":"connected".*"address":"([^"]+)"/g)].flatMap(([, address]) => address ?? []);

const inUse = (trial: Trial): string | undefined => connections(trial).at(-1);

export const names: readonly Scenario[] = [
  {
    id: "F25",
    title: "names that resolve wrong, slowly, or to another address",
    layer: 4,
    needs: ["root", "namespaces"],
    rounds: { short: 1, full: 10 },
    run: resolving,
  },
];
