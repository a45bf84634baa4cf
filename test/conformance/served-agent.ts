import { join } from "node:path";
import { AGENT_VERSION, createAgent, enrol, mqttTransport, type Transport } from "@edgemere/agent";
import { MINUTE, nodeDisk, SECOND, silentLog, systemClock, systemRandom, type Env } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import { fakeHost } from "@edgemere/simulators";
import type { Served } from "./served.ts";

/** A real agent on a fake host in this process, the device "gw1", that does all it can; `over` is put over its way to the broker. */
export async function startServedAgent(
  served: Served,
  over: (transport: Transport) => Transport,
): Promise<AsyncDisposable> {
  const disk = nodeDisk(join(served.folder, "gw1"));
  const env: Env = { clock: systemClock, random: systemRandom, disk, log: silentLog };
  const host = fakeHost({ name: "gw1", random: seededRandom(1), clock: systemClock });
  host.files.makeDirectory("/data");
  host.files.put({ directory: "/data", name: "one.log" }, Buffer.from("something"));
  const { token } = await served.client.call("cpl/dm/token/create");
  const identity = await enrol({
    token,
    env,
    name: "gw1",
    machineId: await host.machineId(),
    agentVersion: AGENT_VERSION,
  });
  const agent = await createAgent({
    env,
    host,
    identity,
    transport: over(mqttTransport({ identity, keepalive: () => MINUTE, clock: systemClock })),
    config: {
      sampleEvery: 100,
      reportEvery: 100,
      inventoryEvery: MINUTE,
      sources: [{ name: "logs", path: "/data" }],
      dataEvery: SECOND,
      allow: ["exec", "terminal.open"],
      spool: { maxBytes: 1024 ** 2 },
    },
  });
  await agent.start();
  return agent;
}
