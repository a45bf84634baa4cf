import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "@edgemere/control-plane/client";
import { backedUp, restoredFrom } from "../faults/backups.ts";
import { commandLine } from "../world/command-line.ts";
import { ask } from "../world/faces.ts";
import { createJob, endOf } from "../world/jobs.ts";
import { Program } from "../world/program.ts";
import { eventually, owner, startWorld, type World } from "../world/world.ts";
import { chainedAnew, forgeAudit, forgetWitnesses, type StoredEntry } from "./audit-forgery.ts";

/** Everything that the second place of a control plane holds. */
async function copyOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
  return (await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))).join("");
}

/** Looks at the audit log of a stopped control plane. */
async function verifyStopped(data: string, copy: string) {
  const program = new Program({
    script: "control-plane/bin/edgemere-control-plane.js",
    args: ["audit", "verify", "--data", data, "--audit-copy", copy],
  });
  return { code: await program.ended(), said: program.output };
}

/** A log of eight entries and more, copied and signed, whose control plane has stopped. */
async function aStoppedLog(world: World) {
  for (let count = 0; count < 8; count++) await world.client.call("cpl/dm/token/create", {});
  const { entries } = await world.client.call("ia/audit/verify");
  const copy = join(world.controlPlane.dataFolder, "audit-copy");
  await eventually(
    async () => (await copyOf(copy)).includes(`"id":"${String(entries).padStart(16, "0")}"`),
    "the copy",
  );
  assert.equal(await world.controlPlane.stop(), 0);
  return { data: world.controlPlane.dataFolder, copy, entries };
}

const swapped = (rows: readonly StoredEntry[]) =>
  rows.toSpliced(4, 2, { ...rows[5]!, id: rows[4]!.id }, { ...rows[4]!, id: rows[5]!.id });
const deeds: Readonly<Record<string, (rows: readonly StoredEntry[]) => readonly StoredEntry[]>> = {
  altered: (rows) => rows.with(4, { ...rows[4]!, actor: "user:mallory" }),
  deleted: (rows) => rows.toSpliced(4, 1),
  inserted: (rows) => rows.toSpliced(4, 0, { ...rows[4]!, id: `${rows[4]!.id}a`, requestId: "forged" }),
  reordered: swapped,
  truncated: (rows) => rows.slice(0, 4),
};

test("T19 who ran a program on a device cannot deny it: job and audit name the person, and the hash proves the whole text", async () => {
  await using world = await startWorld();
  await world.enrolAgent("gw1", ["--allow", "exec"]);
  const { id: device } = await world.client.call("cpl/dm/device/find", { device: "gw1" });
  const password = "a long enough password";
  const roles = ["operator" as const, "owner" as const];
  await world.client.call("ia/user/create", { name: "ivan", password, roles });
  const ivan = createClient({ baseUrl: world.baseUrl });
  const { token = "" } = await ivan.call("ia/signin", { name: "ivan", password });
  const argv = ["sh", "-c", "echo 'taken'; exit 3"];
  const asked = { kind: "exec" as const, arguments: { argv }, queueTimeout: 60, runTimeout: 60 };

  const { job } = await createClient({ baseUrl: world.baseUrl, token }).call("cpl/dm/job/create", {
    device,
    ...asked,
  });

  const { items } = await world.client.call("ia/audit/list", { limit: 50 });
  const entry = items.find(({ action, actor }) => action === "cpl/dm/job/create" && actor === "user:ivan");
  // Its keys in order.
  const text = JSON.stringify({ arguments: { argv }, device, kind: "exec", queueTimeout: 60, runTimeout: 60 });
  assert.equal(entry?.inputHash, createHash("sha256").update(text).digest("hex"));
  const found = await world.client.call("cpl/dm/job/find", { job: job.id });
  assert.deepEqual([found.job.author, found.job.arguments["argv"]], ["user:ivan", argv]);
});

test("T29 an entry that is altered, deleted, inserted, reordered or cut off on the disk is named by verify, also by a forger who makes the chain anew", async () => {
  await using world = await startWorld();
  const { data, copy, entries } = await aStoppedLog(world);
  const whole = await verifyStopped(data, copy);
  assert.equal(whole.code, 0, whole.said);
  assert.match(whole.said, new RegExp(`whole: ${entries} entries, ${entries} of them compared`));

  for (const [deed, act] of Object.entries(deeds)) {
    const forged = join(world.folder, deed);
    await cp(data, forged, { recursive: true });
    await forgeAudit(forged, (rows) => chainedAnew(act(rows)));

    const { code, said } = await verifyStopped(forged, copy);

    assert.equal(code, 1, `${deed} passed: ${said}`);
    assert.match(said, new RegExp(`^store: entry 5 ${deed}: `, "m"));
  }
});

test("T29 a forger who has no key and leaves the hashes alone is found without the copy; one who makes them anew by the signed heads", async () => {
  await using world = await startWorld();
  const { data } = await aStoppedLog(world);
  const nowhere = join(world.folder, "no-copy");

  for (const [deed, act] of Object.entries(deeds))
    for (const forge of [act, (rows: readonly StoredEntry[]) => chainedAnew(act(rows))]) {
      const forged = join(world.folder, `${deed}-${String(forge === act)}`);
      await cp(data, forged, { recursive: true });
      await forgeAudit(forged, forge);

      const { code, said } = await verifyStopped(forged, nowhere);

      assert.equal(code, 1, `${deed} passed: ${said}`);
      assert.match(said, /^store: entry /m, `${deed} is told of the store, and not only of the missing copy`);
    }
});

test("T29 a control plane that runs on a forged log says so by itself, and the command line ends with an exit code", async () => {
  await using world = await startWorld();
  const { data } = await aStoppedLog(world);
  await forgeAudit(data, (rows) => chainedAnew(rows.slice(0, 4)));

  const { ports } = await world.controlPlane.start();

  const { token = "" } = await createClient({ baseUrl: world.baseUrl }).call("ia/signin", owner);
  await eventually(async () => {
    const { body } = await ask(`http://127.0.0.1:${ports.portal}/healthz`, "GET");
    return JSON.stringify(body["reasons"]).includes("the audit log contradicts its copy");
  }, "health to tell of it");
  const environment = { EDGEMERE_SERVER: world.baseUrl, EDGEMERE_TOKEN: token };
  const { code, stdout } = await commandLine(world.folder).run(["audit", "verify"], "", environment);
  assert.equal(code, 1);
  const { whole, faults } = JSON.parse(stdout) as { whole: boolean; faults: { entry: number; kind: string }[] };
  assert.equal(whole, false);
  assert.equal(faults[0]?.entry, 5);
});

test("T29 a forger who holds the control plane's disk, with its key, copy and heads, is found by what a device has countersigned", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const { client, controlPlane } = world;
  const [device] = world.devices;
  const witnesses = async () => (await client.call("ia/audit/verify")).witnesses;
  // In one session it hears of a head, with the next hello it tells which.
  await eventually(async () => {
    await device?.stop();
    await device?.start();
    return (await witnesses()) === 1;
  }, "the device to be a witness");
  const { data, copy } = await aStoppedLog(world);
  // The first head is there with the first entry, the next one a minute later.
  await forgeAudit(data, (rows) => chainedAnew(rows.with(0, { ...rows[0]!, actor: "user:mallory" })));
  await forgetWitnesses(data);
  await rm(copy, { recursive: true });
  assert.equal((await verifyStopped(data, copy)).code, 0, "nothing on this disk tells of it any more");

  await controlPlane.start();

  await eventually(async () => {
    const { body } = await ask(`${world.baseUrl}/healthz`, "GET");
    return JSON.stringify(body["reasons"]).includes("a device remembers another audit log");
  }, "the device to tell of it");
  const { faults } = await client.call("ia/audit/verify");
  assert.match(JSON.stringify(faults), /is not the one that the device .* has countersigned/);
});

test("T37 a restored backup of yesterday brings back no device, token, user or enrolment that was revoked since, and no number", async () => {
  await using world = await startWorld({ devices: 3, prefix: "fake" });
  const { client, controlPlane } = world;
  const victor = { name: "victor", password: "another long password" };
  await client.call("ia/user/create", { ...victor, roles: ["viewer"] });
  const { token: session = "" } = await createClient({ baseUrl: world.baseUrl }).call("ia/signin", victor);
  const machine = await client.call("ia/token/create", { name: "machine", permissions: ["device:read"] });
  const unused = await client.call("cpl/dm/token/create", {});
  const single = await client.call("cpl/dm/token/create", {});
  const numberOf = async (job: string) => (await client.call("cpl/dm/job/find", { job })).commands[0]?.sequence ?? 0;
  const file = await backedUp(client);

  await client.call("cpl/dm/device/retire", { device: "fake-001" });
  await client.call("cpl/dm/device/quarantine", { device: "fake-002" });
  await client.call("ia/token/revoke", { id: machine.id });
  await client.call("ia/user/disable", { user: "victor" });
  await client.call("cpl/dm/token/revoke", { id: unused.id });
  await enrolled(world, single.token, "first");
  const before = await createJob(world, "fake-003", "ping");
  assert.equal((await endOf(world, before)).state, "succeeded");
  const used = await numberOf(before);
  const copy = join(controlPlane.dataFolder, "audit-copy");
  // Of these very ones: others, such as the token of the fleet, have entries of the same kind.
  const told = [
    ["device.retired", "device:"],
    ["device.quarantined", "device:"],
    ["user.disabled", "user:victor"],
    ["apitoken.revoked", `apitoken:${machine.id}`],
    ["enrolmenttoken.revoked", `enrolmenttoken:${unused.id}`],
    ["enrolmenttoken.used", `enrolmenttoken:${single.id}`],
  ] as const;
  await eventually(async () => {
    const lines = (await copyOf(copy)).split("\n");
    return told.every(([action, object]) =>
      lines.some((line) => line.includes(`"action":"${action}"`) && line.includes(`"objects":["${object}`)),
    );
  }, "the copy to know of it");
  await controlPlane.kill();
  await restoredFrom(file, controlPlane.dataFolder);
  await controlPlane.start();

  const find = (device: string) => client.call("cpl/dm/device/find", { device });
  const [retired, quarantined, free] = await Promise.all(["fake-001", "fake-002", "fake-003"].map(find));
  assert.deepEqual([retired?.state, quarantined?.state, free?.state], ["retired", "quarantined", "active"]);
  await eventually(async () => (await find("fake-003")).presence === "online", "the device that is free to come back");
  const sessions = (await client.call("cpl/dm/session/list")).items.map(({ device }) => device);
  assert.ok(retired !== undefined && !sessions.includes(retired.id), "the retired one does not");
  for (const token of [machine.token, session])
    assert.equal((await ask(`${world.baseUrl}/edgemere/ia/whoami`, "POST", { token, input: {} })).status, 401);
  assert.equal((await ask(`${world.baseUrl}/edgemere/ia/signin`, "POST", { input: victor })).status, 401);
  for (const { token } of [unused, single])
    await assert.rejects(enrolled(world, token, "second"), /revoked|used already/);
  const again = await createJob(world, "fake-003", "ping");
  assert.equal((await endOf(world, again)).state, "succeeded", "a number that was used would be refused");
  assert.ok((await numberOf(again)) >= used + 2 ** 32, "numbers go on far above all that may have been given");
  const { faults } = await client.call("ia/audit/verify");
  assert.deepEqual(faults, []);
  const { items } = await client.call("ia/audit/list", { action: "restore" });
  assert.equal(items.length, 1);
  const kept = await client.call("ia/audit/list", { action: "cpl/dm/device/retire" });
  assert.equal(kept.items.length, 1, "the log has not forgotten who did it");
});

/** A host that asks to be let in; rejects with what it was told. */
async function enrolled(world: World, token: string, name: string): Promise<void> {
  const program = new Program({
    script: "agent/bin/edgemere-agent.js",
    args: ["enrol", "-", "--data", join(world.folder, `${name}-${token.slice(-8)}`), "--name", name],
    input: `${token}\n`,
  });
  const code = await program.ended();
  if (code !== 0) throw new Error(program.output);
}
