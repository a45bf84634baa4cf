import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { pack, SERVER_NAME } from "@edgemere/protocol";
import { loadIdentity } from "@edgemere/agent";
import { nodeDisk } from "@edgemere/protocol/kit";
import { eventually } from "../../world/world.ts";
import { diskUse } from "../peaks.ts";
import type { Context, Scenario } from "../scenario.ts";
import { ChaosProxy } from "../tools/chaos-proxy.ts";
import { twoHosts } from "../tools/hosts.ts";
import { lasting } from "../tools/pause.ts";
import { Trial } from "../trial.ts";
import { apart } from "./cables.ts";

const SECOND = 1_000;
/** Where agents believe the control plane to be; in between stands what makes the way bad. */
const ELSEWHERE = "127.0.0.2";

async function slow(context: Context): Promise<void> {
  const proxies: ChaosProxy[] = [];
  const trial = await Trial.start(context, {
    world: { controlPlane: { address: ELSEWHERE } },
    flags: ["--keepalive", "60s"],
    prepare: async (world) => {
      const { mqtt, deviceApi } = world.controlPlane.ready.ports;
      for (const port of [mqtt, deviceApi])
        proxies.push(
          context.own(await ChaosProxy.listen({ host: ELSEWHERE, port }, { host: "127.0.0.1", port }, context.random)),
        );
      return world;
    },
  });
  const weather = (given: ChaosProxy["weather"]) => proxies.forEach((each) => (each.weather = given));
  weather({ delay: 300, jitter: 150 });
  const before = await trial.newest();
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    weather({ delay: 300, jitter: 150, isStalled: true });
    await lasting((3 + context.random.next() * 4) * SECOND);
    weather({ delay: 300, jitter: 150 });
    await trial.recovered();
  }
  assert.deepEqual(await trial.presences(before), [], "nobody is called away who is only slow");
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    const since = Date.now();
    for (const each of proxies) each.cut();
    await trial.recovered(since);
  }
  await trial.settle();
}

/** 64 kbit a second, and a backlog that takes minutes: who asks meanwhile is answered. */
async function backlog(context: Context): Promise<void> {
  const { trial, hosts } = await apart(context);
  const mebibytes = context.isFull ? 10 : 1;
  const bytes = mebibytes * 1024 ** 2;
  const flood = await trial.giveCounted(
    { runTimeout: 60 },
    `sleep 2; head -c ${Math.ceil((bytes * 3) / 4)} /dev/urandom | base64`,
  );
  await eventually(async () => (await trial.ends()).some(({ state }) => state === "running"), "the command to run");
  await hosts.link("down");
  const spool = join(trial.agent.dataFolder, "spool/log");
  await eventually(async () => (await diskUse(spool)) > mebibytes * 0.9, "a backlog");
  await hosts.edge.run(
    "tc",
    "qdisc",
    "add",
    "dev",
    "eth0",
    "root",
    "tbf",
    "rate",
    "64kbit",
    "burst",
    "16kb",
    "latency",
    "400ms",
  );
  await hosts.link("up");
  await trial.seen("online");
  const before = { waiting: await diskUse(spool) };
  for (let round = 0; round < context.rounds; round++) {
    const from = Date.now();
    const job = await trial.give("ping");
    await eventually(() => trial.hasEnded(job), "the answer to a ping", 120 * SECOND);
    context.recorder.round();
    context.recorder.recovered(Date.now() - from);
    context.recorder.bar("milliseconds for a ping during the drain", Date.now() - from, 5 * SECOND);
  }
  const waiting = await diskUse(spool);
  const sent = /Sent (\d+) bytes/.exec(await hosts.edge.run("tc", "-s", "qdisc", "show", "dev", "eth0"))?.[1] ?? "0";
  assert.ok(Number(sent) > 0, "the narrow link is the one that is used");
  context.recorder.note(`${sent} bytes went over the narrow link meanwhile`);
  context.recorder.note(`${before.waiting.toFixed(1)} MiB waited before, ${waiting.toFixed(1)} after the pings`);
  await hosts.edge.run("tc", "qdisc", "del", "dev", "eth0", "root");
  await eventually(() => trial.hasEnded(flood), "the end of the flood", 120 * SECOND);
  await trial.settle();
}

/** What an agent would send first, cut off at every byte. */
async function cutStreams(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { dataFolder } = trial.agent;
  const identity = await loadIdentity(nodeDisk(dataFolder));
  assert.ok(identity);
  const { device } = identity;
  const port = trial.world.controlPlane.ready.ports.mqtt;
  assert.equal(await trial.agent.stop(), 0);
  const stream = Buffer.concat([
    connectPacket(device),
    publishPacket(pack("hello", { device }, { bootId: "cut", sessionEpoch: 1, agentVersion: "0.1.0" })),
  ]);
  const stride = context.isFull ? 1 : 5;
  for (let length = 0; length <= stream.length; length += stride) {
    await new Promise<void>((resolve, reject) => {
      const { key, certificate, chain, rootCertificate } = identity;
      const socket = connectTls({
        host: "127.0.0.1",
        port,
        servername: SERVER_NAME,
        key,
        cert: [certificate, ...chain].join("\n"),
        ca: rootCertificate,
      });
      socket.on("error", reject);
      socket.on("secureConnect", () => socket.write(stream.subarray(0, length), () => socket.destroy()));
      socket.on("close", () => resolve());
    });
    context.recorder.round();
  }
  context.recorder.note(`${stream.length} bytes of CONNECT and PUBLISH`);
  const since = Date.now();
  trial.agent.run();
  await trial.giveWork();
  await trial.recovered(since);
  await trial.settle();
}

/** MQTT 3.1.1 in bytes: a length before each text. */
const text = (value: string) =>
  Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value)]);

function packet(head: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [(body.length % 128) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

const connectPacket = (client: string) => packet(0x10, text("MQTT"), Buffer.from([4, 2, 0, 60]), text(client));

const publishPacket = ({ topic, payload }: { topic: string; payload: Uint8Array }) =>
  packet(0x32, text(topic), Buffer.from([0, 1]), payload);

const NAME = "control.edgemere.test";
const OTHER = "10.77.0.9";

/** The control plane moves to another address; its name goes with it. */
async function moved(context: Context): Promise<void> {
  const hosts = context.own(await twoHosts(context.folder));
  const { centre, edge } = hosts;
  const names = join(context.folder, "hosts");
  const named = (address: string) => writeFile(names, `127.0.0.1 localhost\n${address} ${NAME}\n`);
  await named(centre.address);
  // A namespace entered so has mounts of its own.
  const knowing = ["sh", "-c", `mount --bind ${names} /etc/hosts && exec "$@"`, "sh"];
  const launch = { under: [...(edge.launch.under ?? []), ...knowing] };
  const controlPlane = { address: NAME, host: centre.address, launch: centre.launch };
  const trial = await Trial.start(context, { world: { controlPlane, door: hosts.door }, agent: { launch } });
  await centre.run("ip", "addr", "add", `${OTHER}/24`, "dev", "eth0");
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    const address = round % 2 === 0 ? OTHER : centre.address;
    assert.equal(await trial.world.controlPlane.stop(), 0);
    await named(address);
    const since = Date.now();
    await trial.world.controlPlane.start({ host: address });
    await trial.recovered(since);
  }
  await trial.settle();
}

const onHosts = { layer: 4, needs: ["root", "namespaces"] } as const;

export const links: readonly Scenario[] = [
  { id: "F20", title: "600 ms ± 300, stalls of seconds, resets", layer: 3, rounds: { short: 1, full: 20 }, run: slow },
  {
    id: "F21",
    title: "backlog of 10 MiB over 64 kbit/s: a ping meanwhile",
    ...onHosts,
    rounds: { short: 2, full: 5 },
    run: backlog,
  },
  {
    id: "F22",
    title: "stream cut at every byte of CONNECT and PUBLISH",
    layer: 3,
    rounds: { short: 1, full: 1 },
    run: cutStreams,
  },
  {
    id: "F26",
    title: "control plane that moves to another address",
    ...onHosts,
    rounds: { short: 1, full: 10 },
    run: moved,
  },
];
