import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { identityIn, MailReceiver, WebhookReceiver } from "../world/receivers.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, startWorld, type World } from "../world/world.ts";
import { filesBelow, leaksOf, seenOf, storedIn, type Place } from "./canaries.ts";

const PASSWORD = "canary password of mail";
const HOSTILE = "gw1\u2028Bcc: eve@example.org\u2029Subject: all is well\u202etxt.exe";

const delivered = (world: World, count: number) =>
  eventually(async () => {
    const { items } = await world.client.call("sa/nf/notice/list", {});
    return items.length === count && items.every(({ state }) => state === "delivered");
  }, "the notices to be delivered");

test("T17 what a device calls itself adds no header and no recipient to a mail, and hides nothing in it", async () => {
  await using folder = await temporaryFolder("notices");
  const identity = identityIn(folder.path);
  await using receiver = await MailReceiver.closed(identity, PASSWORD);
  await receiver.open();
  const password = join(folder.path, "password");
  await writeFile(password, PASSWORD);
  const mail = ["--mail-server", `smtps://127.0.0.1:${receiver.port}`, "--mail-from", "edgemere@example.org"];
  await using world = await startWorld({
    devices: 1,
    controlPlane: {
      flags: [...mail, "--mail-user", "edgemere", "--mail-password", password],
      launch: { environment: { NODE_EXTRA_CA_CERTS: identity.certificate } },
    },
  });
  const [device] = (await world.client.call("cpl/dm/device/list", {})).items;
  await world.client.call("cpl/dm/device/update", { device: device?.id ?? "", name: HOSTILE });
  const contact = { name: "night", kind: "mail", address: "night@example.org", groupFor: 0 } as const;
  await world.client.call("sa/nf/contact/create", contact);
  const effects = [{ do: "notify" as const, contacts: ["night"] }];
  await world.client.call("sa/pe/policy/create", { name: "always", condition: "true", effects });
  await delivered(world, 1);

  const [{ to, source } = { to: [], source: "" }] = receiver.mails;
  assert.deepEqual(to, ["night@example.org"]);
  const head = source.slice(0, source.indexOf("\r\n\r\n")).replaceAll(/\r\n[ \t]+/g, " ");
  const names = head.split("\r\n").map((line) => line.slice(0, line.indexOf(":")).toLowerCase());
  assert.deepEqual(names.toSorted(), [
    "auto-submitted",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "subject",
    "to",
  ]);
  assert.match(head, /^Subject: \[firing\] always on gw1 Bcc: eve@example\.org Subject: all is well/m);
  assert.doesNotMatch(source, /[\u0080-\uffff]|=E2=80=A[89E]/);
});

test("T30 T39 the secret of a contact is in no file, event, figure, log or argument, and neither is the password of mail", async () => {
  await using folder = await temporaryFolder("notices");
  const identity = identityIn(folder.path);
  await using receiver = await WebhookReceiver.closed(identity);
  await receiver.open();
  const password = join(folder.path, "password");
  await writeFile(password, PASSWORD);
  const mail = ["--mail-server", "smtps://127.0.0.1:9", "--mail-from", "edgemere@example.org"];
  await using world = await startWorld({
    controlPlane: {
      flags: [...mail, "--mail-user", "edgemere", "--mail-password", password, "--webhook-inside", "on"],
      launch: { environment: { NODE_EXTRA_CA_CERTS: identity.certificate } },
    },
  });
  const raw = "canary secret of a webhook, long";
  const given = `whsec_${Buffer.from(raw).toString("base64")}`;
  const webhook = { kind: "webhook", address: receiver.url } as const;
  const { newSecret: made = "" } = await world.client.call("sa/nf/contact/create", { ...webhook, name: "made" });
  await world.client.call("sa/nf/contact/create", { ...webhook, name: "given", secret: given });
  for (const contact of ["made", "given"]) await world.client.call("sa/nf/contact/test", { contact });
  await delivered(world, 2);
  await world.client.call("ops/backup/create", {});
  await eventually(
    async () => (await world.client.call("ops/backup/list", {})).items.some(({ state }) => state === "ready"),
    "the backup",
  );
  const secrets = { raw, made: made.slice("whsec_".length), given: given.slice("whsec_".length), password: PASSWORD };

  const answers: Place[] = [];
  for (const path of ["sa/nf/contact/list", "sa/nf/notice/list", "ia/event/list", "ia/audit/list"] as const)
    answers.push({ name: path, bytes: Buffer.from(JSON.stringify(await world.client.call(path, {}))) });
  const metrics = await world.client.call("ops/metrics/read", {});
  answers.push({ name: "metrics", bytes: Buffer.from(JSON.stringify(metrics)) });
  assert.deepEqual(await leaksOf(secrets, answers), []);
  assert.deepEqual(await leaksOf(secrets, seenOf("the control plane", world.controlPlane.pid)), []);
  await world.controlPlane.stop();
  assert.deepEqual(await leaksOf(secrets, storedIn(world.controlPlane.dataFolder)), []);
  assert.deepEqual(await leaksOf(secrets, filesBelow(world.controlPlane.dataFolder)), []);
  assert.deepEqual(await leaksOf(secrets, [{ name: "log", bytes: Buffer.from(world.controlPlane.output) }]), []);
});
