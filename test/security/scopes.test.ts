import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Path } from "@edgemere/control-plane/client";
import { declaredActions } from "../conformance/served.ts";
import { ask, live, socketOf } from "../world/faces.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { noTerminal } from "../world/has-terminal.ts";
import { openTerminal, opensTerminals } from "../world/terminals.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const HERE = "berlin1";
const THERE = "paris1";
/** A policy that fires on both. */
const WATCHED = "watched";
const password = "a long enough password";

let world: World;
/** The owner's, of both devices; it waits for a second person. */
let rollout = "";
/** Of an operator who is one for site=berlin only, by session and by a token of the owner's that is limited to it. */
const credentials: { readonly who: string; readonly token: string }[] = [];
/** Ids of what belongs to each device, by the class. */
const owned: Record<string, Record<string, string>> = {};

before(async () => {
  world = await startWorld();
  const { client, baseUrl } = world;
  for (const name of [HERE, THERE]) {
    const folder = join(world.folder, `logs-${name}`);
    await mkdir(folder);
    await writeFile(join(folder, "app.log"), `of ${name}`);
    await world.enrolAgent(name, ["--source", `logs=${folder}`, "--allow", "exec", ...opensTerminals]);
    await client.call("cpl/dm/device/label", { device: name, set: { site: name.replace("1", "") } });
  }
  // What is found is what there is at that moment.
  await eventually(
    async () => (await client.call("diml/dml/fmdm/data/list", {})).items.length === 2,
    "the files of both to be known",
  );
  await client.call("diml/find", { query: "name:app.log", copies: 2 });
  await client.call("sa/pe/policy/create", { name: WATCHED, condition: 'presence == "online"' });
  for (const name of [HERE, THERE]) {
    // One for each: what is told to one contact at once is one notice.
    const contact = `desk-${name}`;
    await client.call("sa/nf/contact/create", { name: contact, kind: "webhook", address: "https://desk.invalid" });
    const effects = [{ do: "notify" as const, contacts: [contact] }];
    const condition = 'presence == "online"';
    await client.call("sa/pe/policy/create", { name: `told-${name}`, selector: `name=${name}`, condition, effects });
    owned[name] = await thingsOf(name);
  }
  const { plan } = await client.call("cpl/dm/job/plan", {
    devices: [HERE, THERE],
    kind: "ping",
    isApprovalNeeded: true,
  });
  rollout = (await client.call("cpl/dm/job/apply", { plan })).id;
  await eventually(
    async () => (await client.call("cpl/dm/rollout/find", { rollout })).state === "approving",
    "a rollout of both to be written down",
  );

  const limitedRoles = [{ role: "operator" as const, selector: "site=berlin" }];
  await client.call("ia/user/create", { name: "bob", password, limitedRoles });
  const { body } = await ask(`${baseUrl}/edgemere/ia/signin`, "POST", { input: { name: "bob", password } });
  credentials.push({ who: "a session", token: String(body["token"]) });
  const { token } = await client.call("ia/token/create", { name: "berlin", selector: "site=berlin" });
  credentials.push({ who: "a token", token });
});
after(() => world[Symbol.asyncDispose]());

/** One of everything that can belong to a device. */
async function thingsOf(name: string): Promise<Record<string, string>> {
  const { client } = world;
  const { id: device } = await client.call("cpl/dm/device/find", { device: name });
  const job = await createJob(world, name, "ping");
  const { id: command } = await endOf(world, job);
  const recording = noTerminal === false ? await recordingOf(name) : undefined;
  const { id: file } = await client.call("cpl/dm/file/create", { name: `of-${name}`, bytes: 0, device: name });
  await client.call("cpl/dm/file/finish", { file });
  const { items: certificates } = await client.call("cpl/dm/certificate/list", { device: name });
  const certificate = certificates[0]?.id ?? "";
  return eventually(async () => {
    const { items } = await client.call("diml/dml/fmdm/data/list", {});
    const data = items.find((each) => each.device === device);
    const { items: sources } = await client.call("diml/dml/fmdm/datasource/list", { device: name });
    const { items: instances } = await client.call("diml/dml/do/datainstance/list", { selector: `device:${name}` });
    const { values } = await client.call("cpl/ta/latest", { device: name });
    const [alert] = (await client.call("sa/pe/alert/list", { device: [name] })).items;
    const { items: notices } = await client.call("sa/nf/notice/list", { contact: `desk-${name}` });
    const [source, instance, notice] = [sources[0], instances[0], notices[0]];
    return (
      data &&
      source &&
      instance &&
      alert &&
      notice &&
      values.length > 0 && {
        device,
        job,
        command,
        certificate,
        file,
        data: data.id,
        datasource: source.id,
        datainstance: instance.id,
        alert: alert.id,
        notice: notice.id,
        ...(recording !== undefined && { recording }),
      }
    );
  }, `everything of ${name}`);
}

/** Of a terminal that was opened on a device, and left. */
async function recordingOf(name: string): Promise<string> {
  using terminal = await openTerminal(world, name);
  terminal.type("exit\r");
  await terminal.untilEnded();
  return (await endOf(world, terminal.job)).id;
}

interface Property {
  readonly "x-ref"?: string;
  readonly type?: string;
}
const referenceIn = (action: (typeof declaredActions)[number]) =>
  Object.entries((action.input as { properties: Record<string, Property> }).properties).find(
    ([, { "x-ref": name }]) => name !== undefined,
  );

/** What an action needs beside the reference. */
const rest: Readonly<Record<string, object>> = {
  "cpl/dm/device/update": { name: "taken-over" },
  "cpl/dm/device/label": { set: { site: "berlin" } },
  "cpl/dm/file/create": { name: "taken-over", bytes: 0 },
  "cpl/dm/file/write": { from: 0, content: "" },
  "cpl/dm/job/create": { kind: "ping" },
  "cpl/dm/job/explain": { job: "none" },
  "cpl/dm/recording/seal": { head: "00" },
  "cpl/ta/query": { metric: ["cpu.busy_percent"] },
  "diml/dml/fmdm/objectstore/ask": { errand: "fetch", name: "a", sha256: "0".repeat(64) },
  "sa/pe/policy/explain": { policy: WATCHED },
};
const referring = declaredActions.filter(({ scope }) => scope === "referenced" || scope === "filtered");

test("T14 what belongs to a foreign device is not found by any action that takes its id or name, like what does not exist", async (context) => {
  let tried = 0;
  for (const action of referring) {
    const [field, { "x-ref": kind = "" }] = referenceIn(action) ?? ["", {}];
    if (field === "") continue;
    const path = action.path as Path;
    if (kind === "recording" && noTerminal !== false) {
      context.diagnostic(`${path} was not tried: ${noTerminal}`);
      continue;
    }
    const foreign = [owned[THERE]?.[kind], ...(kind === "device" ? [THERE] : [])];
    for (const { who, token } of credentials)
      for (const ref of foreign) {
        assert.ok(ref !== undefined, `there is no ${kind} to try ${path} with`);
        const about = async (id: string) => {
          const input = { [field]: id, ...rest[path] };
          const { status, body } = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { token, input });
          return { status, detail: String(body["detail"]).replaceAll(id, "ID") };
        };
        const [real, madeUp] = [await about(ref), await about("01ARZ3NDEKTSV4RRFFQ69G5FAV")];
        // Who may not do this anywhere is told so, whatever it is asked for.
        assert.ok(real.status === 404 || real.status === 403, `${who}: ${path} of ${ref} gave ${real.status}`);
        assert.deepEqual(real, madeUp, `${who}: ${path} tells a foreign ${kind} from none`);
        if (real.status === 404) tried++;
      }
  }
  assert.ok(tried > 40, `only ${tried} tries came as far as the reference`);
});

test("T14 nothing that a foreign device could have is changed by all that was tried", async () => {
  const device = await world.client.call("cpl/dm/device/find", { device: THERE });

  assert.deepEqual([device.name, device.labels, device.state], [THERE, { site: "paris" }, "active"]);
  const { items } = await world.client.call("cpl/dm/job/list", { device: THERE });
  assert.equal(items.length, noTerminal === false ? 2 : 1);
});

test("T14 own things are found by the same actions", async () => {
  for (const { token } of credentials)
    for (const [path, input] of [
      ["cpl/dm/device/find", { device: HERE }],
      ["cpl/dm/device/accounting", { device: owned[HERE]?.["device"] }],
      ["cpl/dm/job/find", { job: owned[HERE]?.["job"] }],
      ["cpl/ta/history", { device: HERE }],
      ["diml/dml/fmdm/data/find", { id: owned[HERE]?.["data"] }],
      ["diml/dml/fmdm/data/find", { id: "app.log" }],
    ] as const) {
      const { status, body } = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { token, input });
      assert.equal(status, 200, JSON.stringify(body));
    }
});

test("T14 no list, count, query or summary speaks of a foreign device", async () => {
  const there = Object.values(owned[THERE] ?? {});
  const inputs: Readonly<Record<string, object>> = {
    "diml/dml/fmdm/query": { expression: "size >= 0" },
    "cpl/ta/query": { metric: ["cpu.busy_percent"], by: ["device"] },
    "cpl/dm/rollout/targets": { rollout },
    "sa/pe/policy/dryrun": { condition: 'presence == "online"' },
  };
  for (const { scope, path, effect } of declaredActions) {
    if (scope !== "filtered" || effect !== "read") continue;
    for (const { who, token } of credentials) {
      const input = inputs[path as string] ?? {};
      const { status, body } = await ask(`${world.baseUrl}/edgemere/${path as string}`, "POST", { token, input });
      const text = JSON.stringify(body);
      // A role may lack the permission altogether.
      if (status !== 403 || who !== "a session") assert.equal(status, 200, `${who}: ${path as string} ${text}`);
      for (const secret of [THERE, ...there]) assert.ok(!text.includes(secret), `${who}: ${path as string} ${secret}`);
      if ("total" in body) assert.equal(body["total"], 1, path as string);
    }
  }
});

test("T14 a rollout that reaches beyond one's devices is not found, and one's own plan holds none but them", async () => {
  for (const { who, token } of credentials) {
    for (const word of ["find", "pause", "resume", "cancel"]) {
      const about = async (id: string) => {
        const input = { rollout: id };
        const { status, body } = await ask(`${world.baseUrl}/edgemere/cpl/dm/rollout/${word}`, "POST", {
          token,
          input,
        });
        return { status, detail: String(body["detail"]).replaceAll(id, "ID") };
      };
      assert.deepEqual(await about(rollout), await about("01ARZ3NDEKTSV4RRFFQ69G5FAV"), `${who}: ${word}`);
      assert.equal((await about(rollout)).status, 404);
    }
    const listed = await ask(`${world.baseUrl}/edgemere/cpl/dm/rollout/list`, "POST", { token, input: {} });
    assert.deepEqual(listed.body["items"], []);
    const input = { selector: "!nothing", kind: "ping" };
    const { body } = await ask(`${world.baseUrl}/edgemere/cpl/dm/job/plan`, "POST", { token, input });
    assert.equal(body["targets"], 1, JSON.stringify(body));
  }
});

test("T14 what is not limited to devices is closed to who is", async () => {
  for (const { scope, permission, path } of declaredActions) {
    if ((scope !== undefined && scope !== "unlimited") || permission === "anyone") continue;
    for (const { who, token } of credentials) {
      const { status } = await ask(`${world.baseUrl}/edgemere/${path as string}`, "POST", { token, input: {} });
      assert.equal(status, 403, `${who}: ${path as string}`);
    }
  }
});

test("T14 a group's alert, and what explains it, are not for who may see some of its devices", async () => {
  const { client, baseUrl } = world;
  const condition = 'count(presence == "online") > 0';
  await client.call("sa/pe/policy/create", { name: "grouped", per: "site", condition });
  const alert = "@site=berlin/grouped";
  await eventually(async () => (await client.call("sa/pe/alert/list", { policy: "grouped" })).items.length > 0, alert);
  assert.equal((await client.call("sa/pe/alert/find", { alert })).group, "site=berlin");
  for (const { who, token } of credentials) {
    const tell = async (path: string, input: object) =>
      ask(`${baseUrl}/edgemere/sa/pe/${path}`, "POST", { token, input });
    for (const word of ["find", "history", "explain", "acknowledge"]) {
      const { status } = await tell(`alert/${word}`, { alert });
      // A role may lack the permission altogether.
      assert.ok(status === 404 || status === 403, `${who}: ${word} gave ${status}`);
    }
    const texts = await Promise.all([tell("alert/list", {}), tell("alert/summary", {})]);
    for (const { body } of texts) assert.ok(!JSON.stringify(body).includes("grouped"), who);
    for (const [path, input] of [
      ["policy/explaingroup", { policy: "grouped", group: "site=berlin" }],
      ["policy/groups", { policy: "grouped" }],
    ] as const)
      assert.equal((await tell(path, input)).status, 403, `${who}: ${path}`);
  }
});

test("T14 the live channel tells of own devices, and never of a foreign one, from the first event of the log on", async () => {
  for (const { who, token } of credentials) {
    const socket = socketOf(world.baseUrl, token);
    const subjects: string[] = [];
    const heard = new EventEmitter();
    socket.on("events", (batch: { events: { type: string; subject: string }[] }, acknowledge: () => void) => {
      acknowledge();
      for (const { type, subject } of batch.events) subjects.push(subject, `${type} ${subject}`);
      heard.emit("batch");
    });
    socket.emit("subscribe", { types: ["*"], after: 0 }, () => {});
    await endOf(world, await createJob(world, THERE, "ping"));
    const last = `job.succeeded ${await createJob(world, HERE, "ping")}`;
    while (!subjects.includes(last)) await once(heard, "batch");
    socket.disconnect();

    for (const [kind, id] of Object.entries(owned[THERE] ?? {})) assert.ok(!subjects.includes(id), `${who}: ${kind}`);
    assert.ok(subjects.includes(owned[HERE]?.["device"] ?? ""));
  }
});

test("T14 calls over the live channel are limited like those over REST", async () => {
  for (const { token } of credentials) {
    using socket = live(world.baseUrl, token);
    const { problem } = await socket.emit("call", { path: "cpl/dm/device/find", input: { device: THERE } });
    assert.equal(problem?.type, "/problems/not-found");
  }
});

test("T14 a device cannot be drawn into a scope, or out of it, by who is limited to it", async () => {
  for (const { token } of credentials)
    for (const [path, input] of [
      ["cpl/dm/device/label", { device: HERE, set: { site: "paris" } }],
      ["cpl/dm/device/label", { device: HERE, remove: ["site"] }],
      ["cpl/dm/device/label", { device: THERE, set: { site: "berlin" } }],
    ] as const) {
      const { status } = await ask(`${world.baseUrl}/edgemere/${path}`, "POST", { token, input });
      assert.ok(status === 403 || status === 404);
    }
  assert.deepEqual((await world.client.call("cpl/dm/device/find", { device: HERE })).labels, { site: "berlin" });
});

test("T14 a host does not write itself into somebody's devices, by the labels or the name that it proposes", async () => {
  const { client, baseUrl } = world;
  const selector = 'name.startsWith("paris") || labels.site == "berlin"';
  const { token: wide } = await client.call("ia/token/create", { name: "by name", selector });
  await world.enrolAgent("paris-spy", ["--label", "site=berlin", "--label", "rack=7"]);
  const find = async (token: string) =>
    (await ask(`${baseUrl}/edgemere/cpl/dm/device/find`, "POST", { token, input: { device: "paris-spy" } })).status;
  const all = () => Promise.all([wide, ...credentials.map(({ token }) => token)].map(find));

  const proposed = await all();
  const { labels } = await client.call("cpl/dm/device/find", { device: "paris-spy" });
  await client.call("cpl/dm/device/update", { device: "paris-spy", name: "paris-spy" });
  const named = await all();
  await client.call("cpl/dm/device/label", { device: "paris-spy", accept: ["site"] });

  assert.deepEqual([proposed, labels], [[404, 404, 404], {}]);
  assert.deepEqual(named, [200, 404, 404]);
  assert.deepEqual(await all(), [200, 200, 200]);
});

test("T14 when a device leaves a scope it is gone from it with the next question", async () => {
  const token = credentials[1]?.token ?? "";
  const find = async () =>
    (await ask(`${world.baseUrl}/edgemere/cpl/dm/device/find`, "POST", { token, input: { device: HERE } })).status;

  const before = await find();
  await world.client.call("cpl/dm/device/label", { device: HERE, set: { site: "rome" } });
  const gone = await find();
  await world.client.call("cpl/dm/device/label", { device: HERE, set: { site: "berlin" } });

  assert.deepEqual([before, gone, await find()], [200, 404, 200]);
});
