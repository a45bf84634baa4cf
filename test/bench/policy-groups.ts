import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow, nameOf } from "./device-rows.ts";
import { measured, round, type Round } from "./policy-rounds.ts";
import { figure, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { inTurns, telemetryStore, type TelemetryStore } from "./telemetry-store.ts";

const ROUNDS = 3;
/** Devices that are asked: all of ten thousand would take as long as all the rest. */
const ASKED = 100;

const GROUPED =
  'share(value("cpu.busy_percent") > 80) > 0.5 || average(value("memory.used_percent")) > 95 || percentile(value("load.average_1m"), "95") > 95';

/** What it asks of each device. */
const SINGLE = 'value("cpu.busy_percent") > 80 && value("memory.used_percent") > 95 && value("load.average_1m") > 95';

/** What one policy about all devices costs as they report, and what it would cost to ask all of them. */
export async function policyGroups(devices: number): Promise<Table> {
  await using folder = await temporaryFolder("bench-policy-groups");
  await using bench = await telemetryStore(folder.path, { watches: true });
  await inTurns(devices, async (number) => bench.commit(deviceRow(number, 1)));
  const begin = systemClock.now();
  let sequence = 0;
  const rounds = async (count: number) => {
    const some: Round[] = [];
    for (let place = 0; place < count; place++) some.push(await round(bench, devices, ++sequence, begin));
    return some.map(({ cpu }) => cpu);
  };
  await rounds(1);
  const bare = await rounds(ROUNDS);
  const taken = await measured(async () => {
    await bench.ask("sa/pe/policy/create", { name: "grouped", per: "fleet", condition: GROUPED });
    await untilWhole(bench);
  });
  await rounds(1);
  const kept = await rounds(ROUNDS);
  await bench.ask("sa/pe/policy/disable", { policy: "grouped" });
  // What follows from a change is not what asking costs.
  await bench.ask("sa/pe/policy/create", { name: "single", condition: SINGLE });
  await bench.swept();
  const asked = await measured(async () => {
    for (let number = 0; number < ASKED; number++)
      await bench.ask("sa/pe/policy/explain", { policy: "single", device: nameOf(number) });
  });
  const row = (what: string, cpu: readonly number[]) => [
    what,
    spread(cpu),
    spread(cpu.map((each) => (each * 1e6) / devices)),
  ];
  return {
    title: `policies: one group of ${figure(devices)} devices, a condition of three parts (share, average, 95th percentile)`,
    columns: ["", "CPU s a round", "CPU µs a device"],
    rows: [
      row("reports taken, no policy", bare),
      row("the same, the group kept up as they come", kept),
      row("all devices taken in, once after a start or a change", [taken.cpu]),
      row("each device asked once for the same (explain): one look at all of them", [(asked.cpu / ASKED) * devices]),
    ],
    notes: [
      `In one store, one after the other; median (least..most) of ${ROUNDS} rounds. All were taken in within ${figure(taken.seconds)} s, others having their turn between. Asking was measured for ${ASKED} devices and is reckoned for all: it is what one look takes that reads all devices through the door that people use, and as new as the group that is kept up it would be if it were done each second.`,
    ],
  };
}

/** Resolves when all devices are in the group. */
async function untilWhole(bench: TelemetryStore): Promise<void> {
  const look = () => bench.ask("sa/pe/policy/groups", { policy: "grouped" }) as Promise<{ readonly isWhole: boolean }>;
  while (!(await look()).isWhole) await sleep(100);
}
