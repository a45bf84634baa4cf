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
/** Three minutes: what is done once a minute or less is in it. */
const MESSAGES = 18;
const FIRST_MESSAGES = 6;
const ROUNDS_AT_MOST = 2;
const KIB_PER_MIB = 1024;
const IDLE = 10_000;
const [MILLISECONDS, MICROSECONDS] = [1_000, 1_000];

const mean = (rounds: readonly number[]): number => rounds.reduce((sum, each) => sum + each, 0) / rounds.length;
/** Not the median: a pass over the whole fleet may be in one round and not in another, and is paid for all the same. */
const around = (rounds: readonly number[]): string =>
  `${figure(mean(rounds))} (${figure(Math.min(...rounds))}..${figure(Math.max(...rounds))})`;

/** What a connected device costs, when there are few of them and when there are many. */
export async function growth({ growth: steps, rounds: asked, tell }: Size): Promise<readonly Table[]> {
  const rounds = Math.min(asked, ROUNDS_AT_MOST);
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
    const [cpu, ack, speed, bytes]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = 0; round <= rounds; round++) {
      tell(`growth: ${count.toLocaleString("en")} devices, round ${round} of ${rounds}`);
      const before = await bytesIn(dataFolder);
      const messages = round === 0 ? FIRST_MESSAGES : MESSAGES;
      const each = await measured(side, paced(EVERY), { count: messages, make });
      if (round === 0) continue;
      const forEach = MILLISECONDS / each.perSecond;
      cpu.push((each.cpu - idle * forEach) * MICROSECONDS);
      speed.push(each.perSecond);
      ack.push(...each.ack);
      bytes.push(((await bytesIn(dataFolder)) - before) / (MESSAGES * count));
    }
    rows.push([
      count.toLocaleString("en"),
      figure(resident),
      figure(((resident - begun.resident) * KIB_PER_MIB) / count),
      figure((await useOf(pid)).resident),
      figure(100 * idle),
      figure(quantile(speed, 0.5)),
      around(cpu),
      figure(100 * (idle + (mean(cpu) * count) / (EVERY * MICROSECONDS))),
      around(bytes),
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
        `Mean (least..most) of ${rounds} rounds of three minutes after one that does not count. Of the memory for each what the control plane takes without devices (${figure(begun.resident)} MiB) is taken off, and of the CPU of a message what it takes when idle; the garbage collector ` +
          "leaves it larger than it need be. On the disk is what grew while they reported: the log that is not compacted yet, and reports that are not merged, so more than stays. The devices share the machine.",
      ],
    },
  ];
}
