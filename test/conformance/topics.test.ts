import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Transport } from "@edgemere/agent";
import { commandLife, parseTopic, SERVER_NAME, topics } from "@edgemere/protocol";
import { systemClock } from "@edgemere/protocol/kit";
import { connectAsync, type MqttClient } from "mqtt";
import { askForTerminal, sit } from "../world/terminals.ts";
import { eventually } from "../world/world.ts";
import { sources, textOf } from "./tree.ts";
import { startServed, type Served } from "./served.ts";
import { startServedAgent } from "./served-agent.ts";

test("a device that does all it can, and subscribers here and above, use every topic of the table and no other", async () => {
  await using above = await startServed(systemClock, { flags: ["--subscribers-telemetry=on"] });
  await using served = await startServed(systemClock, {
    flags: ["--subscribers-telemetry=on", ...(await below(above))],
  });
  const { origin } = await served.client.call("cpl/ta/parent/find", {});
  const { items } = await above.client.call("ia/token/list", {});
  const reporter = items.find(({ name }) => name === "below")?.id ?? "";
  await above.client.call("cpl/ta/child/create", { name: "below", reporter, origins: [origin] });
  const used = new Set<string>();
  const subscribers = await Promise.all([served, above].map(listening));
  for (const each of subscribers) each.on("message", (topic) => used.add(topic));
  try {
    {
      await using _agent = await startServedAgent(served, noting(used));
      const { job } = await eventually(async () => {
        const { presence } = await served.client.call("cpl/dm/device/find", { device: "gw1" });
        return presence === "online" && served.client.call("cpl/dm/job/create", echo);
      }, "gw1 to come online");
      await eventually(async () => {
        const { commands } = await served.client.call("cpl/dm/job/find", { job: job.id });
        return commands.every(({ state }) => commandLife.isFinal(state));
      }, "the end of the job");
      using terminal = sit({ baseUrl: served.app.address, token: served.token }, await askForTerminal(served, "gw1"));
      terminal.type("exit\r");
      await terminal.untilEnded();
      await eventually(async () => {
        const { values } = await served.client.call("cpl/ta/latest", { device: "gw1" });
        const { items } = await served.client.call("diml/dml/fmdm/data/list");
        return values.length > 0 && items.length > 0;
      }, "telemetry and data");
      // Before the agent leaves: what a command said is sent when there is nothing better to send, and may be last.
      await eventually(
        async () => Object.keys(topics).every((name) => namesOf(used).has(name)),
        "every topic to be used",
      );
    }

    assert.deepEqual([...namesOf(used)].toSorted(), Object.keys(topics).toSorted());
  } finally {
    for (const each of subscribers) await each.endAsync(true);
  }
});

/** A connection on which everything comes that is told here. */
async function listening({ app, token }: Served): Promise<MqttClient> {
  const subscriber = await connectAsync(`mqtts://127.0.0.1:${app.ports.subscribers}`, {
    protocolVersion: 4,
    ca: app.root,
    servername: SERVER_NAME,
    username: "token",
    password: token,
  });
  await subscriber.subscribeAsync(["edgemere/v1/events/#", "edgemere/v1/telemetry/#"], { qos: 1 });
  return subscriber;
}

/** What makes another control plane report to this one, with a token of that name. */
async function below({ app, client, folder }: Served): Promise<readonly string[]> {
  const { token } = await client.call("ia/token/create", { name: "below", permissions: ["telemetry:report"] });
  const file = join(folder, "below");
  await writeFile(file, `Bearer ${token}\n`, { mode: 0o600 });
  return [`--parent=${app.address}`, `--parent-authorization=${file}`, "--parent-every=1s"];
}

/** Sources in which a literal begins so. */
const writing = (literal: RegExp): readonly string[] =>
  sources().filter(
    (path) =>
      /^(protocol|agent|control-plane|simulators)\/.*\.tsx?$/.test(path) &&
      !/\.(test|test-support)\.ts$/.test(path) &&
      // Comments speak of topics too.
      literal.test(textOf(path).replaceAll(/\/\*\*[^]*?\*\/|\/\/[^\n]*/g, "")),
  );

test("no source but the table of topics writes one, and none of Sparkplug but the file that knows them", () => {
  assert.deepEqual(writing(/["'`]edgemere\/v1\//), ["protocol/src/topics.ts"]);
  assert.deepEqual(writing(/["'`]spBv1\.0/), ["protocol/src/sparkplug/topics.ts"]);
});

const echo = { device: "gw1", kind: "exec", arguments: { argv: ["echo", "hello"] } } as const;

/** MQTT as ever, with a note of every topic that is spoken on. */
const noting =
  (used: Set<string>) =>
  (transport: Transport): Transport => ({
    connect: async (options, events, signal) => {
      used.add(options.will.topic);
      const arrived = (topic: string, payload: Uint8Array) => {
        used.add(topic);
        events.arrived(topic, payload);
      };
      const connection = await transport.connect(
        options,
        { ...events, arrived, lost: (why) => events.lost(why) },
        signal,
      );
      return {
        publish: (packet) => {
          used.add(packet.topic);
          return connection.publish(packet);
        },
        close: () => connection.close(),
      };
    },
  });

/** The table's name of each topic; one that is not in the table stands for itself. */
const namesOf = (used: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...used].map((topic) => parseTopic(topic)?.name ?? topic));
