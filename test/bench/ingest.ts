import { join } from "node:path";
import type { Identity } from "@edgemere/agent";
import { Program } from "../world/program.ts";
import { startWorld } from "../world/world.ts";
import { burst, measured, paced, type Pace, type Round, type Side } from "./load.ts";
import { identify, MqttDevice } from "./mqtt-device.ts";
import { figure, quantile, ratio, spread } from "./statistics.ts";
import type { Table } from "./table.ts";
import { ROWS, SERIES } from "./telemetry.ts";

const DEVICES = 50;
const ROUNDS = 3;
const WINDOW = 8;
const EVERY = 250;
const BURST_MESSAGES = 40;
const PACED_MESSAGES = 16;

/** Telemetry of many devices into a control plane that stores it, beside the same traffic into a broker that drops it. */
export async function ingest(): Promise<readonly Table[]> {
  await using world = await startWorld();
  const { token } = await world.client.call("cpl/dm/token/create", { uses: DEVICES });
  const identities = await Promise.all(Array.from({ length: DEVICES }, (_, i) => identify(token, `bench-${i}`)));
  await using bare = new Program({
    script: "test/dist/bench/bare-broker.js",
    args: [join(world.controlPlane.dataFolder, "authority")],
  });
  const { port } = await bare.message<{ port: number }>("ready");

  await using ours = await connected(identities, world.controlPlane.ready.ports.mqtt, true);
  await using peers = await connected(identities, port, false);
  await Promise.all(ours.devices.map((device) => device.hello()));
  const sides = {
    "control plane": { pids: [world.controlPlane.pid], ...ours },
    "bare aedes": { pids: [bare.pid], ...peers },
  };

  const burstRows = await compared(sides, burst(WINDOW), BURST_MESSAGES);
  const pacedRows = await compared(sides, paced(EVERY), PACED_MESSAGES);
  const columns = [
    "",
    "messages/s",
    "samples/s",
    "CPU ms/message",
    "CPU to bare",
    "PUBACK p50 ms",
    "p99",
    "Ack p50 ms",
    "p99",
  ];
  const message = `${DEVICES} devices over mutual TLS, ${SERIES} series × ${ROWS} rows a message`;
  return [
    {
      title: `ingest, as fast as it goes: ${message}, ${WINDOW} under way each`,
      columns,
      rows: burstRows,
      notes: [
        `Median (least..most) of ${ROUNDS} rounds, in turns, after one that does not count. The control plane checks and stores each message ` +
          "on the disk before its PUBACK; bare aedes drops it. The devices share the machine, and their waiting is in the times. The kernel counts CPU in steps of 10 ms.",
      ],
    },
    {
      title: `ingest, at a pace: ${message}, every ${EVERY} ms each`,
      columns,
      rows: pacedRows,
    },
  ];
}

async function connected(identities: readonly Identity[], port: number, isAcknowledged: boolean) {
  const address = `mqtts://127.0.0.1:${port}`;
  const devices = await Promise.all(identities.map((each) => MqttDevice.connect(each, address, isAcknowledged)));
  return {
    devices,
    [Symbol.asyncDispose]: async () => void (await Promise.all(devices.map((each) => each[Symbol.asyncDispose]()))),
  };
}

async function compared(sides: Readonly<Record<string, Side>>, pace: Pace, count: number) {
  const rounds = new Map(Object.keys(sides).map((name) => [name, [] as Round[]]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, side] of Object.entries(sides)) {
      const each = await measured(side, pace, { count });
      if (round > 0) rounds.get(name)?.push(each);
    }
  const [ours = [], peers = []] = rounds.values();
  const cpu = (of: readonly Round[]) => of.map((each) => each.cpu);
  return [...rounds].map(([name, of]) => {
    const speeds = of.map(({ perSecond }) => perSecond);
    const puback = of.flatMap((each) => each.puback);
    const ack = of.flatMap((each) => each.ack);
    return [
      name,
      spread(speeds),
      figure(quantile(speeds, 0.5) * SERIES * ROWS),
      spread(cpu(of)),
      of === ours ? ratio(cpu(ours), cpu(peers)) : "",
      ...[puback, ack].flatMap((times) => [figure(quantile(times, 0.5)), figure(quantile(times, 0.99))]),
    ];
  });
}
