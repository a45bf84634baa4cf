import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Identity } from "@edgemere/agent";
import { freePort } from "../../world/free-ports.ts";
import { Program } from "../../world/program.ts";
import { startWorld, type World } from "../../world/world.ts";
import { enrolled } from "../identities.ts";
import { measured, paced, type Round, type Side } from "../load.ts";
import type { MakeRecord } from "../mqtt-device.ts";
import { recording, rounded, samplesFrom } from "../recording.ts";
import { figure, quantile, ratio, spread } from "../statistics.ts";
import type { Table } from "../table.ts";
import { connected } from "./connected.ts";
import { startDatabases } from "./databases.ts";
import { isInstalled, quiet, startForeign, type Foreign } from "./foreign.ts";
import { Opened } from "./opened.ts";
import type { Size } from "./size.ts";

const SECOND = 1_000;
const MESSAGE_LASTS = 10 * SECOND;
const ROWS = [1, 10] as const;

type Sides = Map<string, Side & { readonly stored: string }>;

/** Telemetry of many connected devices into a control plane that stores it before it answers, beside the same traffic into others. */
export async function ingest({ devices: count, rounds, messages, tell }: Size): Promise<readonly Table[]> {
  tell(`ingest: ${count} devices are enrolled, and connected to each side`);
  await using world = await startWorld();
  const all = await enrolled(world, { to: count + 1 });
  const identities = all.slice(1);
  await using open = new Opened();
  const sides = await startSides(open, world, identities, all[0]);
  const source = rounded(await recording());
  const tables: Table[] = [];
  for (const rows of ROWS) {
    const samples = source.series.length * rows;
    const make: MakeRecord = (sequence, baseMs) => ({
      telemetry: samplesFrom(source, { first: sequence * rows, rows, every: MESSAGE_LASTS / rows, baseMs }),
    });
    const found = new Map([...sides.keys()].map((name) => [name, [] as Round[]]));
    for (let round = 0; round <= rounds; round++)
      for (const [name, side] of sides) {
        tell(`ingest: ${samples} samples a message, round ${round} of ${rounds}, ${name}`);
        const each = await measured(side, paced(2 * SECOND), { count: messages, make });
        if (round > 0) found.get(name)?.push(each);
      }
    tables.push(tableOf(sides, found, { count, samples, rounds }));
  }
  return tables;
}

async function startSides(
  open: Opened,
  world: World,
  identities: readonly Identity[],
  bridgeIdentity: Identity | undefined,
): Promise<Sides> {
  const authority = join(world.controlPlane.dataFolder, "authority");
  const sides: Sides = new Map();
  const add = async (name: string, stored: string, side: Pick<Side, "pids" | "arrived">, port: number) => {
    const devices = await connected(open, identities, { port, isAcknowledged: name === OURS });
    sides.set(name, { ...side, devices, stored, arrived: side.arrived ?? (() => quiet(side.pids)) });
  };
  await add(OURS, "synced", { pids: [world.controlPlane.pid] }, world.controlPlane.ready.ports.mqtt);
  const bare = open.use(new Program({ script: "test/dist/bench/bare-broker.js", args: [authority] }));
  await add(BARE, "dropped", { pids: [bare.pid] }, (await bare.message<{ port: number }>("ready")).port);
  if (!isInstalled("mosquitto")) return sides;

  const alone = open.use(await startMosquitto(join(world.folder, "mosquitto"), authority));
  await add(MOSQUITTO, "dropped", { pids: [alone.pid] }, alone.port);
  const identityFile = join(world.folder, "bridge.json");
  await writeFile(identityFile, JSON.stringify(bridgeIdentity), { mode: 0o600 });
  for (const database of await startDatabases(join(world.folder, "databases"))) {
    open.use(database);
    const broker = open.use(await startMosquitto(join(world.folder, `mosquitto-${database.name}`), authority));
    const bridge = open.use(
      new Program({
        script: "test/dist/bench/telemetry/bridge.js",
        args: [`mqtts://127.0.0.1:${broker.port}`, identityFile, database.writeUrl],
      }),
    );
    await bridge.message("ready");
    const pids = [broker.pid, bridge.pid, database.pid];
    let expected = 0;
    const arrived = async (messages: number) => {
      expected += messages;
      await bridge.said(new RegExp(`written ${expected}$`, "m"));
      await quiet(pids);
    };
    await add(`mosquitto → ${database.name}`, "in memory, later synced", { pids, arrived }, broker.port);
  }
  return sides;
}

const OURS = "control plane";
const BARE = "bare aedes, empty hook";
const MOSQUITTO = "mosquitto, no subscriber";

/** Behind the same certificates as ours, and as bare as it can be. */
async function startMosquitto(file: string, authority: string): Promise<Foreign & { readonly port: number }> {
  const port = await freePort();
  await writeFile(`${file}.pem`, await pems(authority, ["server", "server-issuer", "root"]), { mode: 0o600 });
  await writeFile(`${file}-ca.pem`, await pems(authority, ["root", "device-issuer"]));
  await writeFile(
    `${file}.conf`,
    `listener ${port} 127.0.0.1
cafile ${file}-ca.pem
certfile ${file}.pem
keyfile ${file}.pem
require_certificate true
use_identity_as_username true
allow_anonymous true
persistence false
log_dest none
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
user root
`,
  );
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  return { ...(await startForeign("mosquitto", ["-c", `${file}.conf`], answers)), port };
}

const pems = async (authority: string, names: readonly string[]): Promise<string> =>
  (await Promise.all(names.map((name) => readFile(join(authority, `${name}.pem`), "utf8")))).join("\n");

function tableOf(
  sides: Sides,
  found: ReadonlyMap<string, readonly Round[]>,
  { count, samples, rounds }: { readonly count: number; readonly samples: number; readonly rounds: number },
): Table {
  const cpu = (of: readonly Round[]) => of.map((each) => each.cpu);
  const ours = cpu(found.get(OURS) ?? []);
  return {
    title: `ingest: ${count.toLocaleString("en")} devices over mutual TLS, QoS 1, ${samples} samples a message, a message every 2 s each`,
    columns: [
      "",
      "stored",
      "CPU µs/message",
      "of each process",
      "ours to it",
      "M samples/s and core",
      "PUBACK p50 ms",
      "p99",
    ],
    rows: [...found].map(([name, of]) => {
      const each = of[0]?.cpuOfEach.map((_, i) =>
        figure(
          1_000 *
            quantile(
              of.map(({ cpuOfEach }) => cpuOfEach[i] ?? 0),
              0.5,
            ),
        ),
      );
      const puback = of.flatMap((round) => round.puback);
      return [
        name,
        sides.get(name)?.stored ?? "",
        spread(cpu(of).map((value) => 1_000 * value)),
        each === undefined || each.length === 1 ? "" : each.join(" + "),
        name === OURS ? "" : ratio(ours, cpu(of)),
        figure(samples / (1_000 * quantile(cpu(of), 0.5))),
        figure(quantile(puback, 0.5)),
        figure(quantile(puback, 0.99)),
      ];
    }),
    notes: [
      `Median (least..most) of ${rounds} rounds, in turns, after one that does not count. CPU is of all processes of a side but the devices, until everything is where it is to be and they ` +
        "have nothing to do any more. Between mosquitto and a database stands a subscriber of ours in Node that reads the same messages and writes them by InfluxDB's line protocol, twice a second. " +
        "Of three processes: broker, subscriber, database. Samples are of a real host, its recording over and over.",
    ],
  };
}
