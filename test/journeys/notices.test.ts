import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { identityIn, isSigned, MailReceiver, WebhookReceiver } from "../world/receivers.ts";
import { temporaryFolder } from "../world/temporary-folder.ts";
import { eventually, startWorld, type World } from "../world/world.ts";

const PASSWORD = "a password of mail";
const flagged = { name: "flagged", condition: 'labels.alarm == "on"' };

const raise = (world: World, device: string) =>
  world.client.call("cpl/dm/device/label", { device, set: { alarm: "on" } });
const clear = (world: World, device: string) => world.client.call("cpl/dm/device/label", { device, remove: ["alarm"] });
const notices = async (world: World) => (await world.client.call("sa/nf/notice/list", {})).items;
const said = ({ posts }: WebhookReceiver): readonly string[] =>
  posts.flatMap(({ body }) =>
    (JSON.parse(body) as { alerts: { change: string; device: string }[] }).alerts.map(
      ({ change, device }) => `${change} ${device}`,
    ),
  );

test("a webhook that is down is told when it is up again, also by a control plane that was killed meanwhile, and the end after the beginning", async () => {
  await using folder = await temporaryFolder("notices");
  const identity = identityIn(folder.path);
  await using receiver = await WebhookReceiver.closed(identity);
  await using world = await startWorld({
    devices: 2,
    controlPlane: {
      flags: ["--webhook-inside", "on"],
      launch: { environment: { NODE_EXTRA_CA_CERTS: identity.certificate } },
    },
  });
  const [one = "", other = ""] = (await world.client.call("cpl/dm/device/list", {})).items.map(({ id }) => id);
  const { newSecret: secret = "" } = await world.client.call("sa/nf/contact/create", {
    name: "desk",
    kind: "webhook",
    address: receiver.url,
    groupFor: 0,
    perMinute: 600,
  });
  await world.client.call("sa/pe/policy/create", { ...flagged, effects: [{ do: "notify", contacts: ["desk"] }] });

  await raise(world, one);
  await eventually(async () => ((await notices(world)).at(-1)?.attempts ?? 0) >= 2, "a second try");
  assert.match((await notices(world)).at(-1)?.answer ?? "", /ECONNREFUSED/);
  await clear(world, one);
  await raise(world, other);
  await eventually(
    async () => (await notices(world)).flatMap(({ told }) => told).length === 3,
    "all to be written down",
  );
  await world.controlPlane.kill();
  await receiver.open();
  await world.controlPlane.start();
  await eventually(
    async () => (await notices(world)).every(({ state }) => state === "delivered"),
    "everything to be delivered",
  );

  const heard = said(receiver);
  assert.deepEqual([...new Set(heard)].toSorted(), [`firing ${one}`, `firing ${other}`, `resolved ${one}`].toSorted());
  assert.ok(heard.lastIndexOf(`firing ${one}`) < heard.indexOf(`resolved ${one}`));
  assert.ok(receiver.posts.every((post) => isSigned(post, secret)));
  const bodies = new Map(receiver.posts.map(({ id, body }) => [id, body]));
  assert.ok(receiver.posts.every(({ id, body }) => bodies.get(id) === body));
});

test("a control plane that is killed before it hears that a message was taken sends the same message again, and no other", async () => {
  await using folder = await temporaryFolder("notices");
  const identity = identityIn(folder.path);
  await using receiver = await WebhookReceiver.closed(identity);
  receiver.isSilent = true;
  await receiver.open();
  await using world = await startWorld({
    controlPlane: {
      flags: ["--webhook-inside", "on"],
      launch: { environment: { NODE_EXTRA_CA_CERTS: identity.certificate } },
    },
  });
  await world.client.call("sa/nf/contact/create", { name: "desk", kind: "webhook", address: receiver.url });
  const { id } = await world.client.call("sa/nf/contact/test", { contact: "desk" });
  await eventually(async () => receiver.posts.length === 1, "the message to get there");
  await world.controlPlane.kill();
  receiver.isSilent = false;
  await world.controlPlane.start();
  const row = await eventually(async () => {
    const found = await world.client.call("sa/nf/notice/find", { notice: id });
    return found.state === "delivered" ? found : undefined;
  }, "the message to be delivered");

  assert.deepEqual([row.attempts, row.answer], [2, "200 thanks"]);
  assert.deepEqual(
    receiver.posts.map((post) => [post.id, post.body]),
    [1, 2].map(() => [id, receiver.posts[0]?.body]),
  );
});

test("mail goes over TLS to a server where one signs in, waits while it is down, and an unknown mailbox is told", async () => {
  await using folder = await temporaryFolder("notices");
  const identity = identityIn(folder.path);
  await using receiver = await MailReceiver.closed(identity, PASSWORD);
  const passwordFile = join(folder.path, "password");
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  const server = ["--mail-server", `smtps://127.0.0.1:${receiver.port}`, "--mail-from", "edgemere@example.org"];
  await using world = await startWorld({
    devices: 1,
    controlPlane: {
      flags: [...server, "--mail-user", "edgemere", "--mail-password", passwordFile],
      launch: { environment: { NODE_EXTRA_CA_CERTS: identity.certificate } },
    },
  });
  const contact = { kind: "mail", groupFor: 0, perMinute: 600 } as const;
  await world.client.call("sa/nf/contact/create", { ...contact, name: "night", address: "night@example.org" });
  await world.client.call("sa/nf/contact/create", { ...contact, name: "nobody", address: "nobody@example.org" });
  receiver.unknown.add("nobody@example.org");
  await world.client.call("sa/pe/policy/create", { ...flagged, effects: [{ do: "notify", contacts: ["night"] }] });
  const [device] = (await world.client.call("cpl/dm/device/list", {})).items;
  await raise(world, device?.id ?? "");
  await eventually(async () => ((await notices(world))[0]?.attempts ?? 0) >= 1, "a first try");
  await receiver.open();
  await eventually(async () => (await notices(world))[0]?.state === "delivered", "the mail to be delivered");

  const [mail] = receiver.mails;
  assert.deepEqual(mail?.to, ["night@example.org"]);
  assert.match(
    mail?.source ?? "",
    new RegExp(`^Subject: \\[firing\\] flagged on ${device?.name ?? ""} \\(warning\\)`, "m"),
  );
  assert.match(mail?.source ?? "", /^From: edgemere@example\.org\r?$/m);

  const { id } = await world.client.call("sa/nf/contact/test", { contact: "nobody" });
  const refused = await eventually(async () => {
    const row = await world.client.call("sa/nf/notice/find", { notice: id });
    return row.state === "refused" ? row : undefined;
  }, "the mailbox to be refused");
  assert.match(refused.answer, /^550 no such mailbox$/);
});

test("a webhook to this machine is refused with the reason, and the option that allows it", async () => {
  await using world = await startWorld();
  const creating = (address: string) =>
    world.client.call("sa/nf/contact/create", { name: "desk", kind: "webhook", address });

  await assert.rejects(creating("https://127.0.0.1/hook"), /of this machine or its link.*--webhook-inside on/);
  await assert.rejects(creating("https://169.254.169.254/latest"), /of this machine or its link/);
  await assert.rejects(creating("http://desk.example.org"), /must begin with https/);
  const mail = { name: "night", kind: "mail", address: "night@example.org" } as const;
  await assert.rejects(world.client.call("sa/nf/contact/create", mail), /--mail-server URL/);
});
