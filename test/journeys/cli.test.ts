import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { commandLine } from "../world/command-line.ts";
import { ControlPlaneProgram } from "../world/control-plane-program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, owner, startWorld, type World } from "../world/world.ts";

/** The command line of the owner, signed in. */
async function signedIn(world: World) {
  const edgemere = commandLine(world.folder);
  const { code, stderr } = await edgemere.run(
    ["signin", "--server", world.baseUrl, "--name", owner.name],
    `${owner.password}\n`,
  );
  assert.equal(code, 0, stderr);
  return edgemere;
}

test("the first account is made, and everything after it is done, without a secret in the arguments", async () => {
  await using folder = await temporaryFolder("cli");
  await using controlPlane = new ControlPlaneProgram(join(folder.path, "control-plane"));
  const { ports, setupCode = "" } = await controlPlane.start();
  const edgemere = commandLine(folder.path);
  const server = `http://127.0.0.1:${ports.portal}`;

  const before = await edgemere.run(["status", "--server", server]);
  const made = await edgemere.run(["setup", "--server", server, "--name", "olga"], `${setupCode}\n${owner.password}\n`);
  const who = await edgemere.run(["whoami"]);
  const out = await edgemere.run(["signout"]);
  const refused = await edgemere.run(["device", "list"]);
  const wrong = await edgemere.run(["signin", "--name", "olga"], "not the password\n");
  const again = await edgemere.run(["signin", "--name", "olga"], `${owner.password}\n`);

  assert.match(before.stderr, /this control plane is new; make its first account with: edgemere setup --server /);
  assert.deepEqual([made.code, made.stdout], [0, ""]);
  assert.match(made.stderr, /signed in to .* as olga \(owner\)/);
  assert.equal((JSON.parse(who.stdout) as { actor: string }).actor, "user:olga");
  assert.equal(out.code, 0);
  assert.equal(refused.code, 7);
  assert.match(refused.stderr, new RegExp(`sign in with: edgemere signin --server ${server}`));
  assert.equal(wrong.code, 7);
  assert.match(wrong.stderr, /name or password is wrong/);
  assert.equal(again.code, 0);
  const { mode } = await stat(join(folder.path, ".config/edgemere/contexts.yaml"));
  assert.equal(mode & 0o077, 0, "nobody else can read the credential");
});

test("devices are listed as table, JSON and YAML", async () => {
  await using world = await startWorld({ devices: 3, prefix: "fake", labels: { site: "berlin" } });
  const edgemere = await signedIn(world);

  const table = await edgemere.run(["device", "list", "--output", "table", "--columns", "name,labels"]);
  const json = await edgemere.run(["device", "list", "--selector", "site=berlin", "--limit", "2", "-o", "json"]);
  const yaml = await edgemere.run(["device", "find", "fake-002", "-o", "yaml", "--columns", "name"]);

  assert.match(table.stdout, /^name +labels *\n(fake-00\d +site=berlin *\n){3}/i);
  const { items, next } = JSON.parse(json.stdout) as { items: { name: string }[]; next: string };
  assert.deepEqual([items.map(({ name }) => name), typeof next], [["fake-001", "fake-002"], "string"]);
  assert.match(yaml.stdout, /^name: fake-002$/m);
});

test("what is asked of explain is completed: classes, options, names of devices", async () => {
  await using world = await startWorld({ devices: 3, prefix: "fake" });
  const edgemere = await signedIn(world);
  const names = ["fake-001", "fake-002", "fake-003"];
  const completions: readonly (readonly [words: readonly string[], begin: string, suggested: readonly string[]])[] = [
    [["device", "find"], "fake-00", names],
    [["explain"], "d", ["datainstance", "datarequest", "device"]],
    [["explain"], "gr", ["group"]],
    [["explain", "device"], "fake-00", names],
    [["explain", "device", "fake-001"], "--po", ["--policy"]],
    [["explain", "device", "fake-001"], "--dev", []],
    [["explain", "group", "site=berlin"], "--po", ["--policy"]],
    [["explain", "alert", "d1/hot"], "--al", ["--alert"]],
  ];

  for (const [words, begin, suggested] of completions) {
    const { stdout } = await edgemere.run(["complete", "--", ...words, begin]);
    const found = stdout.split("\n").map((line) => line.split("\t")[0] ?? "");
    assert.deepEqual(found.filter((word) => word.startsWith(begin)).toSorted(), suggested, words.join(" "));
  }
});

test("a job that is waited for shows what it wrote, and its exit code tells how it ended", async () => {
  await using world = await startWorld();
  await world.enrolAgent("gw1", ["--allow", "exec"]);
  const edgemere = await signedIn(world);
  const waiting = "job create gw1 --kind exec --wait -o table --arguments".split(" ");
  const exec = (...argv: readonly string[]) => edgemere.run([...waiting, `argv=${JSON.stringify(argv)}`]);

  const done = await exec("echo", "hello");
  const failed = await exec("sh", "-c", "echo oops >&2; exit 3");
  const json = await edgemere.run(["job", "create", "gw1", "--kind", "ping", "--wait", "-o", "json"]);

  assert.deepEqual([done.code, done.stdout], [0, "hello\n"]);
  assert.match(done.stderr, /job \S+: succeeded/);
  assert.match(done.stderr, /^ {2}gw1: succeeded$/m);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /oops\n/);
  assert.match(failed.stderr, /failed: exit-code: exit code 3/);
  assert.equal((JSON.parse(json.stdout) as { job: { state: string } }).job.state, "succeeded");
});

test("watching shows events as they happen, until Ctrl-C", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const edgemere = await signedIn(world);

  await using watching = edgemere.start(["watch", "job.*", "--after", "0", "-o", "table"]);
  const counted = edgemere.run(["watch", "job.*", "--after", "0", "--count", "2", "-o", "json"]);
  const { job } = await world.client.call("cpl/dm/job/create", { device: "fake-001", kind: "ping" });
  await watching.said(new RegExp(`job\\.succeeded +${job.id} +state=succeeded`));
  const { code, stdout } = await counted;

  assert.equal(await watching.interrupt(), 130);
  assert.equal(code, 0);
  const types = stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: string }).type);
  assert.deepEqual(types, ["job.create", "job.running"]);
});

test("the newest values are followed, each as it comes, also when the control plane was restarted meanwhile", async () => {
  await using world = await startWorld({ devices: 2, prefix: "fake" });
  const edgemere = await signedIn(world);
  const asked = ["ta", "watch", "fake-001", "--metric", "cpu.*"];

  await using watching = edgemere.start([...asked, "-o", "table"]);
  await watching.said(/fake-001 +cpu\.busy_percent/);
  await world.controlPlane.stop();
  await world.controlPlane.start();
  await watching.said(/connected again\n[^]*fake-001 +cpu\./);
  const { code, stdout } = await edgemere.run([...asked, "--count", "20", "-o", "json"]);

  assert.equal(await watching.interrupt(), 130);
  assert.equal(code, 0);
  const values = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { name: string; metric: string; instance: string; at: number });
  assert.deepEqual([...new Set(values.map(({ name }) => name))], ["fake-001"]);
  assert.ok(values.every(({ metric }) => metric.startsWith("cpu.")));
  const busy = values.filter(({ metric }) => metric === "cpu.busy_percent").map(({ at }) => at);
  assert.deepEqual(
    busy,
    [...new Set(busy)].toSorted((a, b) => a - b),
  );
});

test("a data request that is waited for ends with an exit code that scripts can tell apart", async () => {
  await using world = await startWorld({ devices: 1, prefix: "fake" });
  const edgemere = await signedIn(world);
  await eventually(
    async () => (await world.client.call("diml/dml/fmdm/query", { expression: "origin:simulated" })).items.length > 0,
    "the catalogue to know the device's data",
  );

  const [satisfied, failed] = await Promise.all([
    edgemere.run(["find", "--query", "origin:simulated", "--wait", "-o", "yaml"]),
    edgemere.run(["find", "--query", "owner:nobody", "--wait", "-o", "yaml"]),
  ]);
  const again = await edgemere.run(["datainstance", "create", '{"name":"none","query":"owner:nobody"}', "--wait"]);
  const conflict = await edgemere.run(["datainstance", "create", '{"name":"none","query":"owner:somebody"}']);

  assert.equal(satisfied.code, 0, satisfied.stderr);
  assert.match(satisfied.stdout, /^state: satisfied$/m);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /failed: no data that can be reached matches owner:nobody/);
  assert.equal(again.code, 1);
  assert.equal(conflict.code, 5);
  assert.match(conflict.stderr, /there is already a data reference "none" with another query/);
});
