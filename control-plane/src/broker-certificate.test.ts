import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { nodeDisk, systemRandom } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { writeBrokerCertificate } from "./broker-certificate.ts";
import { openAuthority } from "./link/authority.ts";
import { aFolder } from "./platform/database.test-support.ts";

const tools = { clock: new ManualClock(), random: systemRandom };
const openIn = (dataFolder: string) =>
  openAuthority({ ...tools, disk: nodeDisk(dataFolder), hostNames: [], addresses: [] });

test("a broker gets its key, its certificate and the root in a folder, and the operator the next steps", async (t) => {
  const [dataFolder, folder] = [join(aFolder(t), "data"), join(aFolder(t), "broker")];
  const { root } = await openIn(dataFolder);

  const lines = await writeBrokerCertificate({ dataFolder, folder, names: ["mq.example", "192.0.2.9"] }, tools);

  const leaf = new X509Certificate(await readFile(join(folder, "broker.pem")));
  assert.deepEqual([leaf.checkHost("mq.example"), leaf.checkIP("192.0.2.9")], ["mq.example", "192.0.2.9"]);
  assert.equal((await readFile(join(folder, "root.pem"), "utf8")).trim(), root.trim());
  assert.match(await readFile(join(folder, "broker.key"), "utf8"), /^-----BEGIN PRIVATE KEY-----/);
  assert.equal((await stat(join(folder, "broker.key"))).mode & 0o777, 0o600);
  assert.match(lines.join("\n"), /hold until 2027-01-01.*chown -R mosquitto: .*--broker mqtts:/s);
});

test("without an authority, or without a place, it is said what to do", async (t) => {
  const [dataFolder, folder] = [join(aFolder(t), "data"), join(aFolder(t), "taken")];

  await assert.rejects(writeBrokerCertificate({ dataFolder, folder, names: [] }, tools), {
    name: "CannotCertify",
    message: `there is no authority/root.pem in ${dataFolder}: name the data folder of a control plane that was started before with --data`,
  });
  await openIn(dataFolder);
  await writeFile(folder, "a file");
  await assert.rejects(writeBrokerCertificate({ dataFolder, folder, names: [] }, tools), {
    name: "CannotCertify",
    message: /nothing can be written to .*taken.*name another folder/,
  });
});
