import { readFile } from "node:fs/promises";
import { createJob, endOf, outputOf } from "../../world/jobs.ts";
import type { Area, Run } from "./area.ts";
import { chanceOf } from "./chance.ts";
import { hostileTexts } from "./hostile-values.ts";
import { connect, conversation, ping, strangeConnects } from "./mqtt-packets.ts";
import { certificatesOf, shownBy, startMqttTarget, talk, type MqttTarget, type Talk } from "./mqtt-target.ts";
import { count, emptyAccount, finding, refused, accepted, type Account, type Verdict } from "./tally.ts";
import { watchHealth } from "./watch-health.ts";

const CONNECTIONS = 600;
/** So many that none is in quarantine for what it says before it has said all. */
const DEVICES = 200;
const AT_ONCE = 8;
const GROWN_AT_MOST = 300;
/** What a command may hold. */
const LONGEST_ARGUMENT = 4_096;

/** What is said on one connection, after TLS, each part when something was answered. */
interface MqttInput {
  readonly hex: readonly string[];
}

/** Packets of MQTT that no library would write, to a real control plane, while an agent works beside. */
export const mqtt: Area = {
  name: "mqtt",
  run: async ({ seed, times, only }: Run) => {
    await using target = await startMqttTarget(DEVICES);
    const account = emptyAccount();
    const before = await stateOf(target);
    const watch = watchHealth(target.world.baseUrl);
    if (only === undefined) await showCertificates(target, account);
    await eachConnection({ seed, times, only }, target, account);
    if (!target.world.controlPlane.isRunning) {
      const what = `the control plane ended: ${target.world.controlPlane.output.slice(-1_500)}`;
      account.findings.push({ what, input: "one of the last connections: again with --case" });
      return account;
    }
    await printHostileArguments(target, account);
    account.notes.push(await watch.end());
    for (const what of differences(before, await stateOf(target), account))
      account.findings.push({ what, input: "all" });
    return account;
  },
  replay: async (inputs) => {
    await using target = await startMqttTarget(1);
    const verdicts: Verdict[] = [];
    const [identity] = target.identities;
    for (const input of inputs) {
      const parts = partsOf(input as MqttInput, identity!.device);
      verdicts.push(verdictOn(await talk(identity!, shownBy(identity!), parts)));
      // Its end may be seen later than the connection's.
      const isThere = await fetch(`${target.world.baseUrl}/healthz`).then(
        () => true,
        () => false,
      );
      if (!isThere) return [...verdicts.slice(0, -1), finding("the control plane ended")];
    }
    return verdicts;
  },
};

/** Ids are known when it is run; all are equally long, so that lengths stay true. */
const STAND_IN = "0".repeat(26);
const partsOf = ({ hex }: MqttInput, device: string): readonly Buffer[] =>
  hex.map((part) => Buffer.from(Buffer.from(part, "hex").toString("latin1").replaceAll(STAND_IN, device), "latin1"));

async function eachConnection({ seed, times, only }: Run, { identities }: MqttTarget, account: Account): Promise<void> {
  const to = only === undefined ? Math.round(CONNECTIONS * times) : only + 1;
  let next = only ?? 0;
  const worker = async (lane: number) => {
    while (next < to) {
      const number = next++;
      const chance = chanceOf(seed, number);
      // Each lane has devices of its own, since a device that comes twice takes its own place.
      const own = identities.filter((_, i) => i % AT_ONCE === lane);
      const identity = own[number % own.length]!;
      const firsts = strangeConnects(STAND_IN);
      const first = firsts[number] ?? connect({ id: STAND_IN });
      const packets = [...conversation(STAND_IN, chance), ping()];
      // Some do not wait until they are let in.
      const parts = chance.oneIn(6) || number < firsts.length ? [[first, ...packets]] : [[first], packets];
      const input = { hex: parts.map((each) => Buffer.concat(each).toString("hex")) };
      const startedAt = performance.now();
      const ended = await talk(identity, shownBy(identity), partsOf(input, identity.device));
      const taken = performance.now() - startedAt;
      const verdict = number < firsts.length ? notLetIn(ended) : verdictOn(ended);
      for (const _ of packets) count(account, verdict.kind === "finding" ? accepted : verdict, undefined);
      count(account, verdict, input, taken);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => worker(lane)));
}

/** All was read and answered, or the connection was ended: nothing may stand still. */
function verdictOn({ isAnswered, isEnded }: Talk): Verdict {
  if (isAnswered) return accepted;
  return isEnded ? refused("connection ended") : finding("was neither answered nor ended");
}

const notLetIn = ({ connack, isEnded }: Talk): Verdict => {
  if (connack === 0) return finding("was let in");
  return isEnded ? refused("not let in") : finding("was neither answered nor ended");
};

async function showCertificates({ world, identities }: MqttTarget, account: Account): Promise<void> {
  const identity = identities[0]!;
  const hello = (id: string) => [Buffer.concat([connect({ id }), ping()])];
  for (const [what, shown] of Object.entries(await certificatesOf(world, identity))) {
    const { connack } = await talk(identity, shown, hello(identity.device));
    const isGood = what === "all as it should be";
    const input = `a certificate ${what}`;
    if ((connack === 0) === isGood) count(account, isGood ? accepted : refused("not let in"), input);
    else count(account, finding(`${input}: ${isGood ? "was not let in" : "was let in"}`), input);
  }
  const old = await talk(identity, shownBy(identity), hello(identity.device), {
    maxVersion: "TLSv1.1",
    minVersion: "TLSv1",
  });
  count(account, old.connack === 0 ? finding("TLS 1.1 was let in") : refused("not let in"), "TLS 1.1");
}

/** What a shell would make something of stays an argument, all the way to a program and back. */
async function printHostileArguments({ world, good }: MqttTarget, account: Account): Promise<void> {
  const args = hostileTexts.filter((each) => !each.includes("\u0000") && each.length <= LONGEST_ARGUMENT);
  const job = await createJob(world, good, "exec", { argv: ["printf", "%s\\n", ...args] });
  const { state } = await endOf(world, job);
  const { stdout } = await outputOf(world, { job, state });
  const isSame = stdout === args.map((each) => `${each}\n`).join("");
  for (const each of args)
    count(account, isSame ? accepted : finding(`${state}, it printed ${stdout.slice(0, 500)}`), each);
}

interface State {
  readonly isRunning: boolean;
  readonly mebibytes: number;
  readonly goodSession: number | undefined;
  readonly goodTelemetry: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

async function stateOf({ world, good }: MqttTarget): Promise<State> {
  const { controlPlane, client } = world;
  const status = await readFile(`/proc/${controlPlane.pid}/status`, "utf8").catch(() => "");
  const { id } = await client.call("cpl/dm/device/find", { device: good });
  const { streams } = await client.call("cpl/dm/device/accounting", { device: good });
  const { items } = await client.call("cpl/dm/session/list", { limit: 500 });
  return {
    isRunning: controlPlane.isRunning,
    mebibytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024,
    goodSession: items.find(({ device }) => device === id)?.epoch,
    goodTelemetry: streams.find(({ stream }) => stream === "telemetry")?.received ?? 0,
    refusals: (await client.call("cpl/dm/session/refusals")).refusals,
    failures: controlPlane.output.split("\n").filter((line) => /"level":(50|60)/.test(line)),
  };
}

function differences(before: State, after: State, account: Account): readonly string[] {
  account.notes.push(`the control plane grew from ${before.mebibytes.toFixed(0)} to ${after.mebibytes.toFixed(0)} MiB`);
  account.notes.push(`counted by the control plane: ${JSON.stringify(after.refusals)}`);
  const total = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((sum, each) => sum + each, 0);
  return [
    ...(after.isRunning ? [] : ["the control plane ended"]),
    ...(after.mebibytes - before.mebibytes > GROWN_AT_MOST ? [`it grew by more than ${GROWN_AT_MOST} MiB`] : []),
    ...(after.goodSession === before.goodSession ? [] : ["the agent beside was disconnected"]),
    ...(after.goodTelemetry > before.goodTelemetry ? [] : ["the agent beside was not heard any more"]),
    ...(total(after.refusals) > total(before.refusals) || account.accepted + total(account.refused) < DEVICES * AT_ONCE
      ? []
      : ["nothing was counted as refused"]),
    ...after.failures.slice(0, 3).map((line) => `its log tells of a failure: ${line}`),
  ];
}
