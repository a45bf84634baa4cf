import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { HOUR, SECOND, systemClock } from "@edgemere/protocol/kit";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { deviceRow, nameOf } from "./device-rows.ts";
import { recording, rounded, samplesFrom, type Recording } from "./recording.ts";
import { figure, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { inTurns, telemetryStore, type ToParent } from "./telemetry-store.ts";

const DEVICES = 50;
const ROUNDS = 5;
const EVERY = 10 * SECOND;
/** Nearly an hour: what comes in its last five minutes is told of the next one too. */
const ROWS = 325;
/** Of the series of the recording, as an operator might name them. */
const SOME = ["cpu.busy_percent", "memory.available_bytes", "filesystem.used_percent", "network.received_bytes"];

/** What it costs to report hours of devices to a parent, and to take them. */
export async function chain(): Promise<readonly Table[]> {
  const source = rounded(await recording());
  const named = {
    ...source,
    series: source.series.filter(({ metric }) => SOME.some((each) => metric.startsWith(each))),
  };
  return [
    {
      title: `chain: an hour of a device reported to a parent, samples every ${EVERY / SECOND} s`,
      columns: [
        "",
        "series",
        "devices",
        "KiB on the way",
        "KiB kept at the parent",
        "of samples, KiB",
        "CPU ms at the child",
        "CPU ms at the parent",
      ],
      rows: [await row("all metrics", source), await row("some metrics", named)],
      notes: [
        `Both in one process on a disk, straight at dispatch, without HTTP and TLS: ${ROUNDS} rounds, median (least..most) for one hour of one device. The bytes are those of the request, ` +
          "JSON with windows in base64; what is kept is windows of minutes and hours, sketches, and rows, before they are compressed; beside them the same hour as eight bytes a sample. CPU is of all threads; the child makes windows and sketches anew of its samples, " +
          "the parent looks at every number and writes windows of minutes and hours.",
      ],
    },
  ];
}

async function row(title: string, source: Recording): Promise<readonly string[]> {
  const [bytes, kept, child, parent]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const told = await reported(source, round);
    bytes.push(told.bytes / DEVICES / 1_024);
    kept.push(told.kept / DEVICES / 1_024);
    child.push(told.child / DEVICES);
    parent.push(told.parent / DEVICES);
  }
  const samples = source.series.length * ROWS;
  const raw = figure((samples * 8) / 1_024);
  return [
    title,
    String(source.series.length),
    String(DEVICES),
    spread(bytes),
    spread(kept),
    raw,
    spread(child),
    spread(parent),
  ];
}

/** Milliseconds of CPU and bytes of all requests. */
async function reported(source: Recording, round: number) {
  await using folder = await temporaryFolder("bench-chain");
  await using above = await telemetryStore(join(folder.path, "parent"));
  const token = "bench-child";
  await above.ask("cpl/ta/child/create", { name: "child", reporter: token, origins: ["child"] });
  let open = () => {};
  const isOpen = new Promise<void>((resolve) => (open = resolve));
  const used = { bytes: 0, parent: 0, child: 0 };
  const post: ToParent["post"] = async ({ body }) => {
    await isOpen;
    used.bytes += body.length;
    const before = process.cpuUsage();
    const answer = await above.ask(
      "cpl/ta/child/report",
      JSON.parse(new TextDecoder().decode(body)) as object,
      `token:${token}`,
    );
    used.parent += millisecondsSince(before);
    return { status: 200, text: JSON.stringify(answer) };
  };
  await using below = await telemetryStore(join(folder.path, "child"), {
    parent: { url: "", metrics: [], every: SECOND, post },
  });
  const hour = Math.floor(systemClock.now() / HOUR) * HOUR - HOUR;
  await inTurns(DEVICES, async (number) => below.commit(deviceRow(number, 1)));
  await inTurns(DEVICES, (number) => {
    const first = (round * DEVICES + number) * 7;
    const telemetry = samplesFrom(source, { first, rows: ROWS, every: EVERY, baseMs: hour });
    return below.arrived(nameOf(number), { sequence: 1, atMs: hour, telemetry });
  });
  await below.windowsMade();
  const before = process.cpuUsage();
  open();
  let kept = 0;
  for (let taken = 0; taken < DEVICES; await sleep(50)) {
    const { items } = (await above.ask("cpl/ta/child/list", {})) as {
      items: readonly { taken: number; bytes: number }[];
    };
    taken = items[0]?.taken ?? 0;
    kept = items[0]?.bytes ?? 0;
  }
  return { ...used, kept, child: millisecondsSince(before) - used.parent };
}

function millisecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
