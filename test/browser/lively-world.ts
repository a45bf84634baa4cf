import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@edgemere/control-plane/client";
import { aKey, askDeviceApi, registering } from "../security/device-identity.ts";
import { someContent, upload } from "../world/files.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { troubledDevice, troubles } from "./troubled-device.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

/** A world in which there is something to see on every page of the portal, and the addresses of what there is. */
export async function startLivelyWorld(): Promise<{ readonly world: World; readonly pages: Pages }> {
  // Nobody goes there: it is looked for when somebody signs in with it.
  const flags = ["--oidc-issuer", "https://login.example.org", "--oidc-role", "ops=operator"];
  const fleet = { devices: 5, behaviour: "mixed", labels: { site: "berlin", role: "gateway" } } as const;
  const world = await startWorld({ ...fleet, controlPlane: { flags } });
  try {
    await enrolThisMachine(world);
    const troubled = await troubledDevice(world, "edge-9", troubles);
    await makeBackup(world);
    await haveChildren(world);
    const job = await runCommands(world);
    await leaveWaiting(world);
    const rollout = await rollOut(world);
    const alert = await watchPolicies(world);
    const end = () => world[Symbol.asyncDispose]();
    const lively = { ...world, [Symbol.asyncDispose]: () => troubled[Symbol.asyncDispose]().then(end) };
    return { world: lively, pages: pagesWith({ job, rollout, alert, ...(await requestData(world)) }) };
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

/** Name → address, and a text that is there once the page is. */
export type Pages = Readonly<Record<string, readonly [address: string, text: string]>>;

type Made = Readonly<Record<"job" | "rollout" | "alert" | "request" | "piece", string>>;
const pagesWith = ({ job, rollout, alert, request, piece }: Made): Pages => ({
  overview: ["/", "Agent versions"],
  devices: ["/devices", "8 devices"],
  "devices-refused": ["/devices?selector=colour%20%3D%3D%20%22red%22", "colour"],
  "device-charts": ["/devices/edge-1/charts", "File systems"],
  "device-inventory": ["/devices/edge-1/inventory", "os.name"],
  "device-commands": ["/devices/edge-1/commands", "succeeded"],
  "device-story": ["/devices/edge-1/story", "asked for exec"],
  "device-alerts": ["/devices/simulated-001/alerts", "here"],
  "device-data": ["/devices/edge-1/data", "app.log"],
  "device-files": ["/devices/edge-1/files", "Show the open folders"],
  "device-delivery": ["/devices/edge-1/delivery", "Noted by the agent"],
  "troubled-charts": ["/devices/edge-9/charts", "cross-hatched red"],
  "troubled-delivery": ["/devices/edge-9/delivery", "2 Jan 1970"],
  "troubled-details": ["/devices/edge-9/details", "Certificate ends"],
  "device-details": ["/devices/edge-1/details", "Certificate ends"],
  charts: ["/charts", "now, the highest first"],
  "charts-grouped": ["/charts?by=site&layout=apart&metric=memory.used_bytes", "site=berlin"],
  "charts-fleet": ["/charts/fleet?by=site&function=p95", "Time line as a table"],
  "charts-changed": ["/charts/fleet?by=device&show=changed&last=5m", "Windows of"],
  "charts-adevices": ["/charts/adevices", "gateways of Berlin"],
  "charts-children": ["/charts/children", "oslo"],
  alerts: ["/alerts", "Looked after by"],
  "alerts-none": ["/alerts?selector=site%3Dparis", "No alert is like that"],
  alert: [`/alerts/${alert}`, "it fires"],
  policies: ["/policies", "Condition"],
  policy: ["/policies/one/here", "What it said before"],
  "policy-groups": ["/policies/one/sites", "Its groups"],
  "alert-group": ["/alerts/%40site%3Dberlin/sites", "that decide, of"],
  "policy-new": ["/policies/new", "Save and watch it"],
  silences: ["/policies/silences", "moving the rack"],
  jobs: ["/jobs", "failed"],
  job: [`/jobs/${job}`, "a word to the error channel"],
  rollouts: ["/rollouts", "Plan a rollout"],
  rollout: [`/rollouts/${rollout}`, "an earlier wave is not through"],
  "rollout-plan": ["/rollouts/new", "Nothing is sent before you have seen it"],
  files: ["/files", "firmware.img"],
  events: ["/events?type=command.*", "command.succeeded"],
  "data-catalogue": ["/data/catalogue", "app.log"],
  "data-requests": ["/data/requests", "satisfied"],
  "data-request": [`/data/requests/${request}`, "datarequest.satisfied"],
  "data-piece": [`/data/pieces/${piece}`, "it was found"],
  "data-map": ["/data/map", "Takes data"],
  "data-reservations": ["/data/reservations", "confirmed"],
  "data-instances": ["/data/instances", "app.log"],
  "access-tokens": ["/access/tokens", "dashboard"],
  "access-enrolment": ["/access/enrolment", "5 of 5"],
  "access-users": ["/access/users", "viktor"],
  "access-audit": ["/access/audit", "ia/user/create"],
  "access-fleet": ["/access/fleet", "Severity"],
  account: ["/account", "Change the password"],
  operations: ["/operations", "edgemere-control-plane restore"],
  actions: ["/actions", "cpl/dm/device/find"],
  action: ["/actions/cpl/dm/job/create", "Queue timeout"],
  about: ["/about", "OpenAPI"],
  "not-found": ["/nowhere", "No such page"],
});

async function enrolThisMachine(world: World): Promise<void> {
  const logs = join(world.folder, "logs");
  await mkdir(logs);
  await writeFile(join(logs, "app.log"), "a line of a log\n".repeat(400));
  await writeFile(join(logs, "audit.log"), "another line\n".repeat(90));
  await world.enrolAgent("edge-1", ["--allow", "exec", "--source", `logs=${logs}`, "--tag", "logs:kind=log"]);
  await world.client.call("cpl/dm/device/label", { device: "edge-1", set: { site: "hamburg", owner: "operations" } });
  const berlin = { name: "gateways of Berlin", selector: "site=berlin,role=gateway", metrics: ["cpu.busy_percent"] };
  await world.client.call("cpl/ta/adevice/create", berlin);
  await upload(world, "firmware.img", someContent(900_000));
  await world.client.call("ia/token/create", { name: "dashboard", permissions: ["device:read", "telemetry:read"] });
  await world.client.call("ia/user/create", { name: "viktor", password: "also a long password", roles: ["viewer"] });
}

/** Two control planes that report to this one: one that has something left to tell, and one of which nothing was heard. */
async function haveChildren({ client, baseUrl }: World): Promise<void> {
  const made = await client.call("ia/token/create", { name: "oslo", permissions: ["telemetry:report"] });
  await client.call("cpl/ta/child/create", { name: "oslo", reporter: made.id, origins: ["oslo-site"] });
  await client.call("cpl/ta/child/create", { name: "rome", reporter: "a-token-to-come", origins: ["rome-site"] });
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const report = {
    name: "gw-1",
    labels: {},
    machine: "",
    hour,
    version: `000001.${"0".repeat(16)}.00000000`,
    windows: "",
  };
  await createClient({ baseUrl, token: made.token }).call("cpl/ta/child/report", {
    after: "",
    position: "1.1.1.1",
    reports: ["oslo-site", "bergen-site"].map((origin) => ({ ...report, origin, device: "d1", gaps: [] })),
    knownUpTo: hour,
    waiting: 12,
    lost: 3,
    lostUpTo: hour - 8 * 86_400_000,
  });
}

async function makeBackup({ client }: World): Promise<void> {
  const { id } = await client.call("ops/backup/create");
  await eventually(
    async () => (await client.call("ops/backup/find", { backup: id })).backup.state === "ready",
    "a backup",
  );
  await client.call("ops/backup/drill", { backup: id });
}

/** One of each end; gives the job with the most to tell. */
async function runCommands(world: World): Promise<string> {
  const script =
    "for n in 1 2 3 4 5; do echo line $n of the output; done; echo a word to the error channel >&2; exit 3";
  const jobs = [
    await createJob(world, "edge-1", "ping"),
    await createJob(world, "edge-1", "inventory.refresh"),
    await createJob(world, "edge-1", "exec", { argv: ["uname", "-a"] }),
    await createJob(world, "edge-1", "exec", { argv: ["sh", "-c", script] }),
  ];
  await Promise.all(jobs.map((job) => endOf(world, job)));
  return jobs.at(-1) ?? "";
}

/** One of a fleet in waves, of which the first is through and watched. */
async function rollOut({ client }: World): Promise<string> {
  const { plan } = await client.call("cpl/dm/job/plan", {
    selector: "role=gateway",
    kind: "ping",
    waves: [{ count: 2, soak: 86_400 }, { percent: 50 }],
  });
  const { id } = await client.call("cpl/dm/job/apply", { plan });
  await eventually(
    async () => (await client.call("cpl/dm/rollout/find", { rollout: id })).waves[0]?.passedAt !== undefined,
    "the first wave to succeed",
  );
  return id;
}

/** One that fires and asks for data, one that is silenced, one that waits; gives where the first is. */
async function watchPolicies({ client }: World): Promise<string> {
  const { id: device } = await client.call("cpl/dm/device/find", { device: "simulated-001" });
  const condition = 'known("cpu.busy_percent") && value("memory.used_bytes") > 1000';
  const effects = [{ do: "data", query: "device_id={device} and kind:film" }] as const;
  await client.call("sa/pe/policy/create", {
    name: "here",
    selector: "name=simulated-001",
    condition,
    severity: "critical",
    effects: [...effects],
  });
  await client.call("sa/pe/policy/update", { policy: "here", description: "It measures something: look why." });
  await client.call("sa/pe/policy/create", { name: "slow", condition: 'presence == "online"', for: 86_400 });
  const gateways = { condition: 'presence == "online"', selector: "role=gateway" };
  await client.call("sa/pe/policy/create", { name: "gateways", ...gateways });
  await client.call("sa/pe/policy/create", {
    name: "sites",
    condition: 'share(presence == "online") > 0.5',
    per: "site",
  });
  const silence = { policy: "gateways", selector: "role=gateway", reason: "moving the rack" };
  await client.call("sa/pe/silence/create", { ...silence, until: Date.now() + 86_400_000 });
  await eventually(
    async () =>
      ((await client.call("sa/pe/alert/list", { device: [device], policy: "here" })).items[0]?.done ?? []).length > 0,
    "an alert that asked for data",
  );
  await client.call("sa/pe/alert/acknowledge", { alert: `${device}/here` });
  return `${device}/here`;
}

/** One that can be satisfied and one that cannot; gives the first, and a piece of its data. */
async function requestData({ client }: World): Promise<Pick<Made, "request" | "piece">> {
  await eventually(
    async () => (await client.call("diml/dml/fmdm/query", { expression: "kind:log" })).items.length === 2,
    "two logs in the catalogue",
  );
  const { id } = await client.call("diml/find", { query: "kind:log", name: "yesterday's logs", copies: 2 });
  await client.call("diml/find", { query: "kind:film", name: "films" });
  await eventually(
    async () => (await client.call("diml/dml/do/datarequest/find", { id })).state === "satisfied",
    "the logs",
  );
  const [log] = (await client.call("diml/dml/fmdm/query", { expression: "kind:log" })).items;
  return { request: id, piece: log?.id ?? "" };
}

/** A host that waits to be let in, and a job that waits for a second person. */
async function leaveWaiting({ client, controlPlane, baseUrl, folder }: World): Promise<void> {
  const { token } = await client.call("cpl/dm/token/create", { approval: "manual" });
  const door = {
    server: `https://127.0.0.1:${controlPlane.ready.ports.deviceApi}`,
    rootCertificate: controlPlane.ready.root,
  };
  await askDeviceApi(door, "cpl/dm/agent/register", registering(token, await aKey(folder), "edge-12"));
  const paula = { name: "paula", password: "a password of paula's" };
  await client.call("ia/user/create", { ...paula, roles: ["owner"] });
  const session = await createClient({ baseUrl }).call("ia/signin", paula);
  await createClient({ baseUrl, token: session.token }).call("cpl/dm/job/create", {
    device: "edge-1",
    kind: "exec",
    arguments: { argv: ["systemctl", "restart", "gateway"] },
    secrets: { REGISTRY_PASSWORD: "a secret" },
  });
}
