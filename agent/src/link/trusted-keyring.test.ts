import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  keyringRoles,
  open,
  privateKeyFromSeed,
  publicKeyBytes,
  seal,
  v1,
  type Keyring,
  type SigningKey,
} from "@edgemere/protocol";
import { DAY, HOUR, silentLog, type Disk } from "@edgemere/protocol/kit";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { TrustedKeyring } from "./trusted-keyring.ts";

const NOW = 1_800_000_000_000;
const keyOf = (word: string): SigningKey => ({
  keyId: word,
  privateKey: privateKeyFromSeed(createHash("sha256").update(word).digest()),
});
const member = (role: string, word: string) => ({
  role,
  keyId: word,
  publicKey: publicKeyBytes(keyOf(word).privateKey),
});
/** A keyring whose roles have one key each, called by the role but for those that are named. */
const aKeyring = (version: number, keys: Readonly<Record<string, string>> = {}, expiresAtMs = NOW + DAY) => ({
  version,
  trustDomain: "test",
  issuedAtMs: NOW - DAY,
  expiresAtMs,
  keys: keyringRoles.map((role) => member(role, keys[role] ?? role)),
  roles: keyringRoles.map((role) => ({ role, threshold: 1 })),
});
const signed = (keyring: v1.Keyring.$Properties, ...words: readonly string[]) =>
  v1.SignedEnvelope.decode(
    v1.SignedEnvelope.encode(seal("keyring", keyring, ...(words.length > 0 ? words : ["root"]).map(keyOf))).finish(),
  );
const headOf = (over: v1.SyncHead.$Properties = {}, word = "commands") =>
  v1.SignedEnvelope.decode(
    v1.SignedEnvelope.encode(
      seal("syncHead", { device: "d1", keyringVersion: 2, asOfMs: NOW, generation: 1, ...over }, keyOf(word)),
    ).finish(),
  );
const asKeyring = (keyring: v1.Keyring.$Properties): Keyring => v1.Keyring.decode(v1.Keyring.encode(keyring).finish());

async function aDevice(
  over: { disk?: Disk; enrolled?: v1.Keyring.$Properties; now?: number; headEvery?: number } = {},
) {
  const { disk = new SimulatedDisk(), enrolled = aKeyring(2), now = NOW, headEvery } = over;
  const clock = new ManualClock(now);
  const alerts: string[] = [];
  const alert = (name: string, detail: string) => void alerts.push(`${name} ${detail.split(":")[0] ?? ""}`);
  const parts = { clock, disk, log: silentLog, headEvery, trustDomain: "test", correctedNow: () => now, alert };
  return { alerts, clock, disk, keyring: await TrustedKeyring.open({ ...parts, enrolled: asKeyring(enrolled) }) };
}
const ping = (word: string) => seal("command", { command: "c1", expiresAtMs: NOW, ping: {} }, keyOf(word));
const isObeyed = (keyring: TrustedKeyring, word: string): boolean => {
  try {
    return open("command", ping(word), keyring.trust).command === "c1";
  } catch {
    return false;
  }
};

test("a rotated key is believed from the Sync on that brings its keyring, and the old one no more", async () => {
  const { keyring, alerts } = await aDevice();
  assert.deepEqual([isObeyed(keyring, "commands"), isObeyed(keyring, "new")], [true, false]);

  const keyrings = [signed(aKeyring(3, { commands: "new" }))];
  const head = await keyring.hear({ commands: [], keyrings, head: headOf({ keyringVersion: 3 }, "new") });

  assert.deepEqual([head.device, keyring.version], ["d1", 3]);
  assert.deepEqual([isObeyed(keyring, "commands"), isObeyed(keyring, "new")], [false, true]);
  assert.deepEqual([keyring.conditions(), alerts], [[], []]);
});

test("the newest keyring is there after a restart, and an older one is refused and told", async () => {
  const { disk, keyring: before } = await aDevice();
  await before.hear({
    commands: [],
    keyrings: [signed(aKeyring(4, { commands: "new" }))],
    head: headOf({ keyringVersion: 4 }, "new"),
  });

  const { keyring, alerts } = await aDevice({ disk });
  await keyring.hear({ commands: [], keyrings: [signed(aKeyring(3))], head: headOf({ keyringVersion: 4 }, "new") });

  assert.equal(keyring.version, 4);
  assert.deepEqual([isObeyed(keyring, "commands"), isObeyed(keyring, "new")], [false, true]);
  assert.deepEqual(alerts, ["keyring-refused outdated"]);
});

test("a device that was away while the root changed hands follows step by step", async () => {
  const { keyring } = await aDevice();

  await keyring.hear({
    commands: [],
    keyrings: [
      signed(aKeyring(3, { root: "root2" }), "root", "root2"),
      signed(aKeyring(4, { root: "root2", commands: "new" }), "root2"),
    ],
    head: headOf({ keyringVersion: 4 }, "new"),
  });

  assert.equal(keyring.version, 4);
});

test("a device of the first days follows when a key that it knows has signed", async () => {
  const enrolled = { version: 1, keys: [member("commands", "commands")] };
  const { keyring, alerts } = await aDevice({ enrolled });
  assert.ok(isObeyed(keyring, "commands"));

  await keyring.hear({ commands: [], keyrings: [signed(aKeyring(2), "root", "commands")], head: headOf() });
  assert.equal(keyring.version, 2);

  const other = await aDevice({ enrolled });
  await other.keyring.hear({
    commands: [],
    keyrings: [signed(aKeyring(2), "root")],
    head: headOf({ keyringVersion: 1 }),
  });
  assert.deepEqual([other.keyring.version, other.alerts], [1, ["keyring-refused unknown-key"]]);
  assert.deepEqual(alerts, []);
});

test("a keyring of somebody else is refused, told, and changes nothing", async () => {
  const { keyring, alerts } = await aDevice();

  await keyring.hear({
    commands: [],
    keyrings: [signed(aKeyring(3, { commands: "mallory" }), "mallory")],
    head: headOf(),
  });

  assert.deepEqual(
    [keyring.version, isObeyed(keyring, "mallory"), alerts],
    [2, false, ["keyring-refused unknown-key"]],
  );
});

test("a head that names a keyring which did not come is a condition until it comes", async () => {
  const { keyring, alerts } = await aDevice();

  await keyring.hear({ commands: [], keyrings: [], head: headOf({ keyringVersion: 3 }) });
  assert.deepEqual(keyring.conditions(), ["keyring-held-back"]);
  await keyring.hear({ commands: [], keyrings: [signed(aKeyring(3))], head: headOf({ keyringVersion: 3 }) });

  assert.deepEqual(keyring.conditions(), []);
  assert.equal(alerts[0], "keyring-held-back a head names keyring 3, and 2 is all that came");
});

test("a head that names an older keyring than this device has is a condition", async () => {
  const { keyring } = await aDevice({ enrolled: aKeyring(5) });

  await keyring.hear({ commands: [], keyrings: [], head: headOf({ keyringVersion: 2 }) });

  assert.deepEqual(keyring.conditions(), ["keyring-rolled-back"]);
});

test("a head that is older than the one before it is a condition until a newer one comes", async () => {
  const { keyring, alerts } = await aDevice();
  await keyring.hear({ commands: [], keyrings: [], head: headOf({ asOfMs: NOW }) });

  await keyring.hear({ commands: [], keyrings: [], head: headOf({ asOfMs: NOW - HOUR }) });
  assert.deepEqual(keyring.conditions(), ["head-went-back"]);
  await keyring.hear({ commands: [], keyrings: [], head: headOf({ asOfMs: NOW + 1 }) });

  assert.deepEqual(keyring.conditions(), []);
  assert.equal(alerts.length, 1);
});

test("two heads of one moment in either order are nothing to tell of, nor is the first of a restored control plane", async () => {
  const { keyring, alerts } = await aDevice();

  await keyring.hear({ commands: [], keyrings: [], head: headOf({ asOfMs: NOW }) });
  await keyring.hear({ commands: [], keyrings: [], head: headOf({ asOfMs: NOW - 1_000 }) });
  await keyring.hear({ commands: [], keyrings: [], head: headOf({ asOfMs: NOW - HOUR, generation: 2 }) });

  assert.deepEqual([keyring.conditions(), alerts], [[], []]);
});

test("a keyring that has expired obeys nobody, says so, and still believes heads and what follows it", async () => {
  const { keyring } = await aDevice({ now: NOW + 2 * DAY });
  assert.deepEqual([isObeyed(keyring, "commands"), keyring.conditions()], [false, ["keyring-expired"]]);

  await keyring.hear({ commands: [], keyrings: [], head: headOf() });
  await keyring.hear({
    commands: [],
    keyrings: [signed(aKeyring(3, {}, NOW + 9 * DAY))],
    head: headOf({ keyringVersion: 3 }),
  });

  assert.deepEqual([isObeyed(keyring, "commands"), keyring.conditions()], [true, []]);
});

test("a stored keyring that is damaged gives way to that of the enrolment", async () => {
  const disk = new SimulatedDisk();
  await disk.write("keyring", Buffer.from("damage"));

  const { keyring } = await aDevice({ disk });

  assert.equal(keyring.version, 2);
});

test("a full disk does not keep a device from following", async () => {
  const full = { read: async () => undefined, write: () => Promise.reject(new Error("full")) };
  const { keyring } = await aDevice({ disk: full as unknown as Disk });

  await keyring.hear({ commands: [], keyrings: [signed(aKeyring(3))], head: headOf({ keyringVersion: 3 }) });

  assert.equal(keyring.version, 3);
});

test("a command that a head names and its Sync does not bring is told, and is a condition until one brings it", async () => {
  const { keyring, alerts } = await aDevice();
  const commands = [v1.SignedEnvelope.decode(v1.SignedEnvelope.encode(ping("commands")).finish())];

  await keyring.hear({ keyrings: [], commands: [], head: headOf({ offeredCommands: ["c1"] }) });
  assert.deepEqual(keyring.conditions(), ["commands-held-back"]);
  await keyring.hear({ keyrings: [], commands, head: headOf({ offeredCommands: ["c1"] }) });

  assert.deepEqual([keyring.conditions(), alerts.length], [[], 1]);
});

test("a control plane that says nothing for longer than two questions is a condition until it does", async () => {
  const { keyring, clock } = await aDevice();
  assert.deepEqual(keyring.conditions(), []);
  await keyring.hear({ keyrings: [], commands: [], head: headOf() });

  await clock.advance(10 * 60_000);
  assert.deepEqual(keyring.conditions(), []);
  await clock.advance(60_000);
  assert.deepEqual(keyring.conditions(), ["head-old"]);
  await keyring.hear({ keyrings: [], commands: [], head: headOf() });

  assert.deepEqual(keyring.conditions(), []);
});

test("a head by a key whose keyring was held back is not believed, and is a condition until the keyring comes", async () => {
  const { keyring } = await aDevice();
  const head = headOf({ keyringVersion: 3 }, "new");

  await assert.rejects(keyring.hear({ keyrings: [], commands: [], head }), { reason: "unknown-key" });
  assert.deepEqual(keyring.conditions(), ["head-untrusted"]);
  await keyring.hear({ keyrings: [signed(aKeyring(3, { commands: "new" }))], commands: [], head });

  assert.deepEqual(keyring.conditions(), []);
});

test("a device that asks for a head every half hour misses it when two questions were not answered", async () => {
  const { keyring, clock } = await aDevice({ headEvery: HOUR / 2 });
  await keyring.hear({ commands: [], keyrings: [], head: headOf() });

  await clock.advance(HOUR);
  assert.deepEqual([keyring.headEvery, keyring.conditions()], [HOUR / 2, []]);
  await clock.advance(HOUR / 60);
  assert.deepEqual(keyring.conditions(), ["head-old"]);
});
