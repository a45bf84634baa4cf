import { join } from "node:path";
import { systemClock } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow, nameOf } from "./device-rows.ts";
import { figure, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { inTurns, telemetryStore, type TelemetryStore } from "./telemetry-store.ts";

const DEVICES = 10_000;
const POLICIES = 50;
const ROUNDS = 5;
/** Milliseconds between two samples of a device. */
const EVERY = 10_000;
const ASKED = 100;

const metrics = [
  "cpu.busy_percent",
  "memory.used_percent",
  "filesystem.used_percent",
  "load.average_1m",
  "host.temperature_celsius",
];

interface Round {
  readonly seconds: number;
  readonly cpu: number;
}

/** What it costs to watch fifty policies on ten thousand devices that each report once in ten seconds. */
export async function policies({
  devices = DEVICES,
}: {
  readonly devices?: number | undefined;
}): Promise<readonly Table[]> {
  await using folder = await temporaryFolder("bench-policies");
  const [bare, watched] = [join(folder.path, "bare"), join(folder.path, "watched")];
  const without = await roundsOf(bare, devices, false);
  const { rounds, asked, alerts } = await roundsOf(watched, devices, true);
  const again = await restarted(watched, devices);
  const groups = await groupCosts(join(folder.path, "groups"), devices);

  const cost = rounds.map(({ cpu }, place) => cpu - (without.rounds[place]?.cpu ?? NaN));
  const shares = (all: readonly number[]) => spread(all.map((each) => (100 * each) / (EVERY / 1_000)));
  const evaluations = devices * POLICIES;
  const perSecond = (seconds: readonly number[]) => spread(seconds.map((each) => evaluations / each));
  const row = (what: string, cpu: readonly number[]) => [what, spread(cpu), perSecond(cpu), shares(cpu)];
  const scan = [(asked.cpu / (ASKED * POLICIES)) * evaluations];
  return [
    {
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
    },
    {
      title: `policies: one group of ${figure(devices)} devices, a condition of three parts (share, average, 95th percentile)`,
      columns: ["", "CPU s a round", "CPU µs a device"],
      rows: [
        ["reports taken, no policy", spread(groups.bare), perDevice(groups.bare, devices)],
        ["the same, the group kept up as they come", spread(groups.kept), perDevice(groups.kept, devices)],
        [
          "each device asked once for the same (explain): one look at all of them",
          spread(groups.anew),
          perDevice(groups.anew, devices),
        ],
      ],
      notes: [
        `In one store, one after the other; median (least..most) of ${ROUNDS} rounds. Asking was measured for ${ASKED} devices and is reckoned for all: it is what one look takes that reads all devices through the door that people use, and as new as the group that is kept up it would be if it were done each second.`,
      ],
    },
  ];
}

const perDevice = (cpu: readonly number[], devices: number) => spread(cpu.map((each) => (each * 1e6) / devices));

const GROUPED =
  'share(value("cpu.busy_percent") > 80) > 0.5 || average(value("memory.used_percent")) > 95 || percentile(value("load.average_1m"), "95") > 95';

/** What it asks of each device. */
const SINGLE = 'value("cpu.busy_percent") > 80 && value("memory.used_percent") > 95 && value("load.average_1m") > 95';

/** What one policy about all devices costs as they report, and what it would cost to ask all of them. */
async function groupCosts(folder: string, devices: number) {
  await using bench = await telemetryStore(folder, { watches: true });
  await inTurns(devices, async (number) => bench.commit(deviceRow(number, 1)));
  const begin = systemClock.now();
  let sequence = 0;
  const rounds = async () => {
    const some: number[] = [];
    for (let place = 0; place < ROUNDS; place++) some.push((await round(bench, devices, ++sequence, begin)).cpu);
    return some;
  };
  await round(bench, devices, ++sequence, begin);
  const bare = await rounds();
  const policy = { name: "grouped", per: "fleet", condition: GROUPED };
  await bench.ask("sa/pe/policy/create", policy);
  await round(bench, devices, ++sequence, begin);
  const kept = await rounds();
  await bench.ask("sa/pe/policy/create", { name: "single", condition: SINGLE });
  const { cpu } = await measured(async () => {
    for (let number = 0; number < ASKED; number++)
      await bench.ask("sa/pe/policy/explain", { policy: "single", device: nameOf(number) });
  });
  const anew = [(cpu / ASKED) * devices];
  return { bare, kept, anew };
}

async function roundsOf(folder: string, devices: number, watches: boolean) {
  await using bench = await telemetryStore(folder, { watches });
  await inTurns(devices, async (number) => bench.commit(deviceRow(number, 1)));
  if (watches)
    for (let number = 0; number < POLICIES; number++) await bench.ask("sa/pe/policy/create", policyOf(number));
  const begin = systemClock.now();
  // The first round reads what is known of each device.
  await round(bench, devices, 1, begin);
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

const round = (bench: TelemetryStore, devices: number, sequence: number, begin: number): Promise<Round> =>
  measured(() =>
    inTurns(devices, async (number) => {
      const atMs = begin + sequence * EVERY;
      const values = (metric: number) => [(number * 7 + metric * 13) % 90];
      const series = metrics.map((metric, place) => ({ metric, instance: "", values: values(place) }));
      await bench.arrived(nameOf(number), { sequence, atMs, telemetry: { baseMs: atMs, offsetMs: [0], series } });
    }),
  );

const asking = (bench: TelemetryStore): Promise<Round> =>
  measured(async () => {
    for (let number = 0; number < ASKED; number++)
      for (let place = 0; place < POLICIES; place++)
        await bench.ask("sa/pe/policy/explain", { policy: policyOf(place).name, device: nameOf(number) });
  });

async function measured(run: () => Promise<void>): Promise<Round> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - began) / 1_000, cpu: (user + system) / 1e6 };
}

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
