import { join } from "node:path";
import { systemClock } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow, nameOf } from "./device-rows.ts";
import { policyGroups } from "./policy-groups.ts";
import { EVERY, measured, metrics, round, type Round } from "./policy-rounds.ts";
import { figure, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { inTurns, telemetryStore, type TelemetryStore } from "./telemetry-store.ts";

const DEVICES = 10_000;
const POLICIES = 50;
const ROUNDS = 5;
const ASKED = 100;

interface Asked {
  readonly devices?: number | undefined;
  /** One part alone. */
  readonly part?: string | undefined;
}

/** What it costs to watch policies on ten thousand devices that each report once in ten seconds. */
export async function policies({ devices = DEVICES, part }: Asked): Promise<readonly Table[]> {
  const parts: Readonly<Record<string, (devices: number) => Promise<Table>>> = {
    single: singlePolicies,
    groups: policyGroups,
  };
  if (part !== undefined && !Object.hasOwn(parts, part))
    throw new Error(`there is no part "${part}" of policies; there are: ${Object.keys(parts).join(", ")}`);
  const tables: Table[] = [];
  for (const [name, run] of Object.entries(parts))
    if (part === undefined || part === name) tables.push(await run(devices));
  return tables;
}

/** Fifty policies about single devices. */
async function singlePolicies(devices: number): Promise<Table> {
  await using folder = await temporaryFolder("bench-policies");
  const [bare, watched] = [join(folder.path, "bare"), join(folder.path, "watched")];
  const without = await roundsOf(bare, devices, false);
  const { rounds, asked, alerts } = await roundsOf(watched, devices, true);
  const again = await restarted(watched, devices);

  const cost = rounds.map(({ cpu }, place) => cpu - (without.rounds[place]?.cpu ?? NaN));
  const shares = (all: readonly number[]) => spread(all.map((each) => (100 * each) / (EVERY / 1_000)));
  const evaluations = devices * POLICIES;
  const perSecond = (seconds: readonly number[]) => spread(seconds.map((each) => evaluations / each));
  const row = (what: string, cpu: readonly number[]) => [what, spread(cpu), perSecond(cpu), shares(cpu)];
  const scan = [(asked.cpu / (ASKED * POLICIES)) * evaluations];
  return {
    title: `policies: ${figure(devices)} devices, ${POLICIES} policies, a report of ${metrics.length} metrics from each device`,
    columns: ["", "CPU s a round", "evaluations/s of CPU", "% of a core at one round in 10 s"],
    rows: [
      [
        "reports taken, no policy",
        spread(without.rounds.map(({ cpu }) => cpu)),
        "",
        shares(without.rounds.map(({ cpu }) => cpu)),
      ],
      row(
        "the same, each policy looked at",
        rounds.map(({ cpu }) => cpu),
      ),
      row("what the policies cost of it", cost),
      row("each device asked for each policy (explain)", scan),
    ],
    notes: [
      `CPU is of all threads of the process, median (least..most) of ${ROUNDS} rounds. A round took ${spread(rounds.map(({ seconds }) => seconds))} s. Each policy has a threshold, a window of 5 minutes or both; a few of a thousand hold.`,
      `Asking was measured for ${ASKED} devices and is reckoned for all: what a scan costs that looks for each pair anew.`,
      `${figure(alerts)} alerts were open. After a restart over the same store and one more round of all devices there were ${figure(again.alerts)}, and ${figure(again.raised)} more had fired.`,
    ],
  };
}

async function roundsOf(folder: string, devices: number, watches: boolean) {
  await using bench = await telemetryStore(folder, { watches });
  await inTurns(devices, async (number) => bench.commit(deviceRow(number, 1)));
  if (watches)
    for (let number = 0; number < POLICIES; number++) await bench.ask("sa/pe/policy/create", policyOf(number));
  const begin = systemClock.now();
  // The first round reads what is known of each device; that a policy is new is looked at once, and no part of a round.
  await round(bench, devices, 1, begin);
  await bench.swept();
  const rounds: Round[] = [];
  for (let place = 0; place < ROUNDS; place++) rounds.push(await round(bench, devices, place + 2, begin));
  const asked = watches ? await asking(bench) : { seconds: 0, cpu: 0 };
  return { rounds, asked, alerts: watches ? await alertsOf(bench) : 0 };
}

/** The same store under another process's life, as far as it can tell. */
async function restarted(folder: string, devices: number) {
  const since = systemClock.now();
  await using bench = await telemetryStore(folder, { watches: true });
  await round(bench, devices, ROUNDS + 2, since - (ROUNDS + 2) * EVERY);
  const raised = await bench.ask("sa/pe/alert/list", { since, limit: 500 });
  return { alerts: await alertsOf(bench), raised: (raised as { items: readonly unknown[] }).items.length };
}

const asking = (bench: TelemetryStore): Promise<Round> =>
  measured(async () => {
    for (let number = 0; number < ASKED; number++)
      for (let place = 0; place < POLICIES; place++)
        await bench.ask("sa/pe/policy/explain", { policy: policyOf(place).name, device: nameOf(number) });
  });

function policyOf(number: number): { readonly name: string; readonly condition: string } {
  const metric = metrics[number % metrics.length] ?? "";
  const newest = `value("${metric}") > ${88 + (number % 10)}.9 && presence != "silent"`;
  const mean = `mean("${metric}", "5m") > ${89 + (number % 10)}`;
  const condition = [newest, mean, `${newest} && ${mean}`][number % 3] ?? newest;
  return { name: `policy-${number}`, condition };
}

async function alertsOf(bench: TelemetryStore): Promise<number> {
  let [count, cursor]: [number, string | undefined] = [0, undefined];
  do {
    const page = (await bench.ask("sa/pe/alert/list", { limit: 500, ...(cursor !== undefined && { cursor }) })) as {
      items: readonly unknown[];
      next?: string;
    };
    count += page.items.length;
    cursor = page.next;
  } while (cursor !== undefined);
  return count;
}
