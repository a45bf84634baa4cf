import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "../world/program.ts";
import { eventually, startWorld } from "../world/world.ts";
import { enrolled } from "./identities.ts";
import { useOf } from "./process-use.ts";
import { AT_ONCE, EVERY, ReportingFleet } from "./reporting-fleet.ts";
import { figure } from "./statistics.ts";
import type { Table } from "./table.ts";

const SIZE = { full: 10_000, short: 500 };
/** Seconds: a lack of data counts after so long, and whoever comes back has as long for it. */
const NO_DATA = { full: 300, short: 60 };
const PATIENCE = 900_000;

const policiesFor = (noData: number) => [
  { name: "mute", condition: 'value("cpu.busy_percent") > 1000', noData },
  { name: "idle", condition: 'mean("cpu.busy_percent", "1m") > 1000', noData },
  { name: "away", condition: 'presence == "offline"' },
  { name: "dark", per: "fleet", condition: 'share(presence == "offline") > 0.01', noData },
  { name: "dull", per: "fleet", condition: 'average(value("cpu.busy_percent")) > 1000', noData },
];
const states = ["pending", "firing", "recovering", "nodata", "maintenance", "resolved"] as const;

const told = (what: string): void => console.error(`${Math.round(process.uptime())} s: ${what}`);

/** What a fleet that was well tells when its control plane is killed and comes back: how soon all are there, and how many alerts there are. */
export async function restart({
  isShort,
  devices = isShort ? SIZE.short : SIZE.full,
}: {
  readonly isShort: boolean;
  readonly devices?: number | undefined;
}): Promise<readonly Table[]> {
  const noData = isShort ? NO_DATA.short : NO_DATA.full;
  const policies = policiesFor(noData);
  await using world = await startWorld();
  const { client, controlPlane } = world;
  told(`enrolling ${devices} devices`);
  const identities = await enrolled(world, { to: devices });
  told("connecting them");
  await using fleet = new ReportingFleet(identities);
  const first = await fleet.connect(controlPlane.ready.ports.mqtt, true);
  for (const policy of policies) await client.call("sa/pe/policy/create", policy);
  const isKnown = async () => {
    const { deciding } = await client.call("sa/pe/policy/explaingroup", { policy: "dull", group: "fleet" });
    return deciding?.[0]?.known === devices;
  };
  await eventually(isKnown, "all devices to have measured something", PATIENCE);
  told("all are watched; the control plane is killed");
  const before = await useOf(controlPlane.pid);

  await controlPlane.kill();
  const killedAt = performance.now();
  await controlPlane.start();
  const started = (performance.now() - killedAt) / 1_000;
  const back = await fleet.connect(controlPlane.ready.ports.mqtt, true);
  told("all are back; now whoever is missed would be missed");
  await sleep((noData + 15) * 1_000);
  const { items } = await client.call("sa/pe/alert/list", { state: [...states], limit: 500 });
  const after = await useOf(controlPlane.pid);

  await using bare = new Program({
    script: "test/dist/bench/bare-broker.js",
    args: [join(controlPlane.dataFolder, "authority")],
  });
  const { port } = await bare.message<{ port: number }>("ready");
  const peer = await fleet.connect(port, false);
  const { resident } = await useOf(bare.pid);
  const line = (name: string, seconds: number, alerts: string, memory: number) => [
    name,
    figure(seconds),
    alerts,
    figure(memory),
  ];
  return [
    {
      title: `restart: ${figure(devices)} devices over mutual TLS that report every ${figure(EVERY / 1_000)} s, and ${policies.length} policies`,
      columns: ["", "seconds until all are there", "alerts", "MiB of the server then"],
      rows: [
        line("control plane, at first", first, "", before.resident),
        line("control plane, killed and started", back, String(items.length), after.resident),
        line("bare aedes", peer, "", resident),
      ],
      notes: [
        `${AT_ONCE} connect at a time, each with a whole handshake; the devices share the machine. The control plane was ready ${figure(started)} s after it was killed, which is not in the seconds. ` +
          `Alerts are those of any state that there are ${figure(noData + 15)} s after all were back: whoever sends nothing for ${figure(noData)} s would have one. Bare aedes takes connections and keeps nothing.`,
      ],
    },
  ];
}
