import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "@edgemere/agent";
import { bytesIn } from "../../faults/peaks.ts";
import { startWorld } from "../../world/world.ts";
import { enrolled } from "../identities.ts";
import { measured, paced } from "../load.ts";
import type { MakeRecord, MqttDevice } from "../mqtt-device.ts";
import { useOf } from "../process-use.ts";
import { recording, rounded, samplesFrom } from "../recording.ts";
import { figure, quantile } from "../statistics.ts";
import type { Table } from "../table.ts";
import { connected } from "./connected.ts";
import { quiet } from "./foreign.ts";
import { Opened } from "./opened.ts";
import type { Size } from "./size.ts";

const EVERY = 10_000;
/** Four minutes: what is done once a minute or less is in it. */
const MESSAGES = 24;
/** Of a minute before, which does not count. */
const FIRST_MESSAGES = 6;
const KIB_PER_MIB = 1024;
const IDLE = 10_000;
const [MILLISECONDS, MICROSECONDS] = [1_000, 1_000];

/** What a connected device costs, when there are few of them and when there are many. */
export async function growth({ growth: steps, tell }: Size): Promise<readonly Table[]> {
  await using world = await startWorld();
  await using open = new Opened();
  const { pid, ready, dataFolder } = world.controlPlane;
  const source = rounded(await recording());
  const make: MakeRecord = (sequence, baseMs) => ({
    telemetry: samplesFrom(source, { first: sequence, rows: 1, every: EVERY, baseMs }),
  });
  const begun = await useOf(pid);
  const devices: MqttDevice[] = [];
  const rows: (readonly string[])[] = [];
  for (const count of steps) {
    tell(`growth: up to ${count.toLocaleString("en")} devices are enrolled`);
    const fresh: readonly Identity[] = await enrolled(world, { from: devices.length, to: count });
    tell(`growth: ${count.toLocaleString("en")} devices are connected`);
    const added = await connected(open, fresh, { port: ready.ports.mqtt, isAcknowledged: true });
    devices.push(...added);
    await quiet([pid]);
    const { resident, cpu: cpuBefore } = await useOf(pid);
    await sleep(IDLE);
    // A share of a core that it takes without messages.
    const idle = ((await useOf(pid)).cpu - cpuBefore) / IDLE;
    const side = { pids: [pid], devices, arrived: () => quiet([pid]) };
    tell(`growth: ${count.toLocaleString("en")} devices report`);
    await measured(side, paced(EVERY), { count: FIRST_MESSAGES, make });
    const before = await bytesIn(dataFolder);
    const { cpu: all, perSecond, ack } = await measured(side, paced(EVERY), { count: MESSAGES, make });
    const cpu = (all - (idle * MILLISECONDS) / perSecond) * MICROSECONDS;
    const bytes = ((await bytesIn(dataFolder)) - before) / (MESSAGES * count);
    rows.push([
      count.toLocaleString("en"),
      figure(resident),
      figure(((resident - begun.resident) * KIB_PER_MIB) / count),
      figure((await useOf(pid)).resident),
      figure(100 * idle),
      figure(perSecond),
      figure(cpu),
      figure(100 * (idle + (cpu * count) / (EVERY * MICROSECONDS))),
      figure(bytes),
      figure(quantile(ack, 0.5)),
      figure(quantile(ack, 0.99)),
    ]);
  }
  return [
    {
      title: `growth: devices over mutual TLS that report ${source.series.length} samples every 10 s`,
      columns: [
        "devices",
        "MiB when idle",
        "KiB each",
        "MiB under load",
        "% of a core when idle",
        "messages/s",
        "CPU µs/message",
        "% of a core under load",
        "bytes/message on disk",
        "Ack p50 ms",
        "p99",
      ],
      rows,
      notes: [
        `Of four minutes after one that does not count. Of the memory for each what the control plane takes without devices (${figure(begun.resident)} MiB) is taken off, and of the CPU of a message what it takes when idle; the garbage collector ` +
          "leaves it larger than it need be. On the disk is what grew while they reported: the log that is not compacted yet, and reports that are not merged, so more than stays. The devices share the machine.",
      ],
    },
  ];
}
