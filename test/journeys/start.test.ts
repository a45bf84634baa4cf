import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "@edgemere/control-plane/client";
import type { Ports } from "../world/control-plane-program.ts";
import { freePorts } from "../world/free-ports.ts";
import { launcher, untilItRuns } from "../world/launcher.ts";
import type { Program } from "../world/program.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, owner } from "../world/world.ts";

const start = (dataFolder: string, ports: Ports, ...flags: readonly string[]): Program =>
  launcher({ dataFolder, ports, flags: ["--address", "127.0.0.1", ...flags] });

/** Command lines of this machine's processes that name the folder. */
async function processesNaming(folder: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(folder));
}

test("one command brings up the control plane and this machine; Ctrl-C ends it, and a second start finds everything again", async () => {
  await using folder = await temporaryFolder("start");
  const ports = await freePorts();
  const baseUrl = `http://127.0.0.1:${ports.portal}`;
  const machineWithCharts = (token: string) =>
    eventually(async () => {
      const client = createClient({ baseUrl, token });
      const { id, presence } = await client.call("cpl/dm/device/find", { device: "this-machine" });
      const { values } = await client.call("cpl/ta/latest", { device: id });
      const newest = Math.max(0, ...values.map(({ at }) => at));
      return presence === "online" && newest > 0 && { id, newest };
    }, "this machine to report");

  await using first = start(folder.path, ports);
  await untilItRuns(first);
  const [, code = ""] = await first.said(/Setup code +(\S+)/);
  assert.match(first.output, new RegExp(`Portal +${baseUrl}/admin`));
  assert.match(first.output, /npx edgemere-agent enrol ed1\.\S+ --run\n/);
  const session = await createClient({ baseUrl }).call("ia/setup", { code, ...owner });
  const before = await machineWithCharts(session.token ?? "");
  assert.equal(await first.interrupt(), 0, first.output);
  assert.match(first.output, /Edgemere has stopped\.\n$/);
  assert.deepEqual(await processesNaming(folder.path), []);

  await using second = start(folder.path, ports);
  await untilItRuns(second);
  assert.doesNotMatch(second.output, /Setup code/);
  const { token = "" } = await createClient({ baseUrl }).call("ia/signin", owner);
  const after = await eventually(async () => {
    const seen = await machineWithCharts(token);
    return seen.newest > before.newest && seen;
  }, "news after the second start");
  assert.equal(after.id, before.id);
  const { total } = await createClient({ baseUrl, token }).call("cpl/dm/device/summary");
  assert.equal(total, 1);

  const sameFolder = start(folder.path, await freePorts());
  assert.equal(await sameFolder.ended(), 1);
  assert.match(sameFolder.output, /the data folder is in use by another control plane .*: stop it, or .* --data/);

  const samePort = start(join(folder.path, "other"), { ...(await freePorts()), mqtt: ports.mqtt });
  assert.equal(await samePort.ended(), 1);
  assert.match(samePort.output, new RegExp(`port ${ports.mqtt} on .* is taken by another program: .* --mqtt-port`));

  assert.equal(await second.interrupt(), 0, second.output);
  assert.deepEqual(await processesNaming(folder.path), []);
});

test("an option that does not exist, or makes no sense, is named before anything starts", async () => {
  await using folder = await temporaryFolder("start");
  const ports = await freePorts();

  const programs = [
    { program: start(folder.path, ports, "--portal-prot", "3000"), message: /--portal-prot/ },
    {
      program: start(folder.path, { ...ports, portal: 70_000 }),
      message: /--portal-port: "70000" is too large: at most 65535/,
    },
    { program: start(folder.path, ports, "--allow", "everything"), message: /--allow.*exec/ },
  ];

  for (const { program, message } of programs) {
    assert.equal(await program.ended(), 1, program.output);
    assert.match(program.output, message);
  }
  assert.deepEqual(await processesNaming(folder.path), []);
});
