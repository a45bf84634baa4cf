import assert from "node:assert/strict";
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../world/world.ts";
import type { Context, Scenario } from "../scenario.ts";
import type { Trial } from "../trial.ts";
import { apart } from "./cables.ts";

const SECOND = 1_000;
const PEER = "10.77.0.1";

interface Cut {
  readonly apply: string;
  readonly revert: string;
}

/** Rules of a table of its own, in the words of nft. */
const rules = (...lines: readonly string[]): Cut => ({
  apply: `nft -f - <<'END'\ntable inet wrong {\n${lines.join("\n")}\n}\nEND`,
  revert: "nft delete table inet wrong",
});
const chain = (hook: string, rule: string, policy = "accept") =>
  `chain ${hook} { type filter hook ${hook} priority 10; policy ${policy}; ${rule === "" ? "" : `${rule};`} }`;
const ip = (apply: string, revert: string): Cut => ({ apply: `ip ${apply}`, revert: `ip ${revert}` });

/** Changes of the network of a host that cut it off, each in another way. */
const cuts: readonly Cut[] = [
  rules(chain("output", "", "drop")),
  ip("link set eth0 down", "link set eth0 up"),
  // Spares the connection that exists: whoever takes that for proof is cut off with the next one.
  rules(chain("output", "tcp flags & (syn|ack) == syn drop")),
  rules(chain("input", "", "drop")),
  ip(`route add blackhole ${PEER}/32`, `route del blackhole ${PEER}/32`),
  ip(`route add unreachable ${PEER}/32`, `route del unreachable ${PEER}/32`),
  ip(`route add prohibit ${PEER}/32`, `route del prohibit ${PEER}/32`),
  ip("addr del 10.77.0.2/24 dev eth0", "addr add 10.77.0.2/24 dev eth0"),
  rules(chain("output", `ip daddr ${PEER} reject`)),
  rules(chain("output", `ip daddr ${PEER} tcp dport != 1 reject with tcp reset`)),
  rules(chain("input", `ip saddr ${PEER} tcp flags & (syn|ack) == (syn|ack) drop`)),
  rules(chain("output", "ip protocol tcp drop")),
  rules(chain("prerouting", `ip saddr ${PEER} drop`)),
  rules(chain("output", "meta length > 100 drop")),
  rules(chain("input", "meta length > 100 drop")),
  ip(`neigh replace ${PEER} lladdr 02:00:00:00:00:01 dev eth0 nud permanent`, `neigh del ${PEER} dev eth0`),
  ip(`rule add to ${PEER} priority 10 prohibit`, `rule del to ${PEER} priority 10 prohibit`),
  ip("link set lo down; ip link set eth0 down", "link set lo up; ip link set eth0 up"),
  ip(
    "addr flush dev eth0; ip addr add 10.78.0.2/24 dev eth0",
    "addr flush dev eth0; ip addr add 10.77.0.2/24 dev eth0",
  ),
  rules(chain("postrouting", "tcp dport != 1 drop")),
];

/** When the agent is killed, as a power cut would: while the change is made, while it waits, while it is taken back; or not at all. */
const moments = ["made", "never", "taken back", "waits"] as const;

/** So long after its time is over a device must be back, at most. */
const BACK_AFTER = 30 * SECOND;

interface Order {
  readonly apply: string;
  readonly revert: string;
  /** Seconds. */
  readonly confirmWithin: number;
}

const order = async ({ world }: Trial, given: Order): Promise<string> =>
  (
    await world.client.call("cpl/dm/job/create", {
      device: "gw1",
      kind: "network.change",
      arguments: { ...given },
      runTimeout: 600,
    })
  ).job.id;

const happened = (file: string) =>
  eventually(
    () =>
      access(file).then(
        () => true,
        () => false,
      ),
    `${file} to be there`,
  );

async function cutOff(context: Context): Promise<void> {
  const { trial } = await apart(context, ["--allow", "network.change"]);
  await stays(trial);
  const within = context.isFull ? 20 : 6;
  for (let round = 0; round < context.rounds; round++) {
    const cut = cuts[round % cuts.length] ?? assert.fail("there are none");
    // With each way of cutting off, the next time around it is another moment.
    const moment = moments[(round + Math.floor(round / cuts.length)) % moments.length];
    const file = (what: string) => join(context.folder, `${what}-${round}`);
    const hangs = (isMoment: boolean) => (isMoment ? `[ -e ${file("killed")} ] || sleep 600` : "true");
    const job = await order(trial, {
      apply: `set -e\n${cut.apply}\n: > ${file("made")}\n${hangs(moment === "made")}`,
      revert: `: > ${file("back")}\n${hangs(moment === "taken back")}\n${cut.revert}`,
      confirmWithin: within,
    });
    await trial.told(() => happened(file(moment === "taken back" ? "back" : "made")).then(() => undefined));
    const since = Date.now();
    if (moment !== "never") {
      await trial.agent.kill();
      await writeFile(file("killed"), "");
      await trial.startAgent();
    }
    const { state, reason, detail } = await trial.endOf(job);
    assert.deepEqual([state, reason], ["failed", "reverted"], `${cut.apply}: ${detail}`);
    assert.match(detail, /It was taken back$/);
    context.recorder.bar("reachable again", Date.now() - since, within * SECOND + BACK_AFTER);
    await trial.giveWork();
    await trial.recovered();
  }
  context.recorder.note(`${context.rounds} changes cut the device off, and all were taken back`);
  await trial.settle();
}

/** One that does no harm stays. */
async function stays(trial: Trial): Promise<void> {
  const job = await order(trial, {
    apply: "ip link set eth0 mtu 1400",
    revert: "ip link set eth0 mtu 1500",
    confirmWithin: 300,
  });
  const { state, detail } = await trial.endOf(job);
  assert.equal(state, "succeeded", detail);
}

export const cutOffs: readonly Scenario[] = [
  {
    id: "F67",
    title: "changes of a device's network that cut it off, and a kill -9 while they are made, wait or are taken back",
    layer: 4,
    needs: ["root", "namespaces"],
    rounds: { short: 3, full: 20 },
    run: cutOff,
  },
];
