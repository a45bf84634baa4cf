import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { test } from "node:test";
import {
  decode,
  keyIdOf,
  open,
  openNewerKeyring,
  privateKeyFromSeed,
  publicKeyBytes,
  signed,
  trustIn,
  v1,
  type Keyring,
} from "@edgemere/protocol";
import { DAY, HOUR, systemRandom } from "@edgemere/protocol/kit";
import { ManualClock, SimulatedDisk } from "@edgemere/protocol/simulated";
import { commandRootFiles, openKeyring, type KeyringAuthority } from "./authority-keyring.ts";

const START = new ManualClock().now();
async function anAuthority(disk = new SimulatedDisk(), now = START) {
  const clock = new ManualClock(now);
  return { disk, clock, keys: await openKeyring({ disk, clock, random: systemRandom }, "fleet.test") };
}
const newest = ({ keyring }: KeyringAuthority): Keyring => decode(v1.Keyring, keyring);
const idsOf = (keys: KeyringAuthority, role: "commands" | "dangerous") =>
  keys.signer.keysFor(role).map(({ keyId }) => keyId);

/** What a device makes of the documents that it is sent. */
function followed(known: Keyring, keys: KeyringAuthority, now = START): Keyring {
  return keys.signer
    .keyringsAfter(known.version)
    .reduce((before, envelope) => openNewerKeyring(envelope, { known: before, trustDomain: "fleet.test", now }), known);
}

test("the first start makes a key for each role and a keyring of version 2 that they are in", async () => {
  const { keys } = await anAuthority();

  const { version, roles } = keys.status();

  assert.equal(version, 2);
  assert.deepEqual(
    roles.map(({ role, threshold, keys: members }) => [role, threshold, members.length, members[0]?.isHere]),
    ["root", "commands", "dangerous", "releases"].map((role) => [role, 1, 1, true]),
  );
  assert.notDeepEqual(idsOf(keys, "commands"), idsOf(keys, "dangerous"));
});

test("devices of the first days are led to the first keyring by the key for commands that they know", async () => {
  const disk = new SimulatedDisk();
  const old = privateKeyFromSeed(new Uint8Array(32).fill(3));
  await disk.write("authority/commands.pem", Buffer.from(old.export({ format: "pem", type: "pkcs8" })));

  const { keys } = await anAuthority(disk);

  const unsigned = { version: 1, keys: [{ role: "commands", keyId: keyIdOf(old), publicKey: publicKeyBytes(old) }] };
  const known = v1.Keyring.decode(v1.Keyring.encode(unsigned).finish());
  assert.deepEqual(idsOf(keys, "commands"), [keyIdOf(old)]);
  assert.equal(followed(known, keys).version, 2);
});

test("a key that was rotated signs from then on, and the former one counts for as long as the grace", async () => {
  const { keys, clock } = await anAuthority();
  const before = newest(keys);
  const [former = ""] = idsOf(keys, "commands");

  const rotation = await keys.rotate({ role: "commands", grace: HOUR, above: 0 });

  const [fresh = ""] = idsOf(keys, "commands");
  const now = followed(before, keys);
  const trusted = (at: number) => [...trustIn(now, () => at)("commands").keys.keys()].sort();
  assert.deepEqual([rotation, now.version], [{ version: 3 }, 3]);
  assert.notEqual(fresh, former);
  assert.deepEqual(trusted(clock.now() + HOUR - 1), [former, fresh].sort());
  assert.deepEqual(trusted(clock.now() + HOUR), [fresh]);
});

test("without a grace the former key counts no more at all", async () => {
  const { keys } = await anAuthority();
  const [former = ""] = idsOf(keys, "dangerous");

  await keys.rotate({ role: "dangerous", grace: 0, above: 0 });

  assert.ok(!newest(keys).keys.some(({ keyId }) => keyId === former));
});

test("rotations and keys are there after a restart", async () => {
  const { disk, keys } = await anAuthority();
  await keys.rotate({ role: "commands", grace: HOUR, above: 0 });
  await keys.rotate({ role: "dangerous", grace: HOUR, above: 0 });

  const { keys: again } = await anAuthority(disk, START + DAY);

  assert.equal(again.version, 4);
  assert.deepEqual(idsOf(again, "commands"), idsOf(keys, "commands"));
  assert.deepEqual(idsOf(again, "dangerous"), idsOf(keys, "dangerous"));
});

test("a device that was away for many rotations, one of the root among them, is led to the newest by as few as it takes", async () => {
  const { keys } = await anAuthority();
  const first = newest(keys);
  for (const role of ["commands", "root", "dangerous", "commands", "root", "releases"] as const)
    await keys.rotate({ role, grace: HOUR, above: 0 });

  const sent = keys.signer.keyringsAfter(2);

  assert.deepEqual(
    sent.map(({ payload }) => decode(v1.Keyring, payload ?? new Uint8Array()).version),
    [4, 7, 8],
  );
  assert.equal(followed(first, keys).version, 8);
  assert.deepEqual(keys.signer.keyringsAfter(8), []);
});

test("a control plane that was restored goes above what devices have", async () => {
  const { keys } = await anAuthority();

  assert.deepEqual(await keys.rotate({ role: "commands", grace: 0, above: 41 }), { version: 42 });
});

test("where the root lies elsewhere a rotation is a draft, in force once the root has signed it there", async () => {
  const { disk, keys } = await anAuthority();
  const before = newest(keys);
  const [file = ""] = await commandRootFiles(disk);
  const root = createPrivateKey(Buffer.from((await disk.read(file)) ?? []));
  await disk.remove(file);

  const { version, draft = new Uint8Array() } = await keys.rotate({ role: "dangerous", grace: 0, above: 0 });
  assert.deepEqual([version, keys.version], [3, 2]);
  await assert.rejects(keys.take(draft), { name: "Problem", message: /no known key signed this keyring/ });
  const { payload } = decode(v1.SignedEnvelope, draft);
  const envelope = signed("keyring", payload, { keyId: keyIdOf(root), privateKey: root });
  await keys.take(v1.SignedEnvelope.encode(envelope).finish());

  assert.equal(followed(before, keys).version, 3);
  await assert.rejects(keys.take(v1.SignedEnvelope.encode(envelope).finish()), /is not above 3/);
  await assert.rejects(keys.rotate({ role: "root", grace: 0, above: 0 }), /the root of command trust is not here/);
});

test("a keyring that names none of the keys that are here is not put in force: nothing could be signed any more", async () => {
  const [one, other] = [await anAuthority(), await anAuthority()];
  const [file = ""] = await commandRootFiles(one.disk);
  const root = createPrivateKey(Buffer.from((await one.disk.read(file)) ?? []));
  const { trustDomain, issuedAtMs, expiresAtMs, roles } = newest(other.keys);
  const keys = newest(other.keys).keys.filter(({ role }) => role !== "root");
  const root1 = newest(one.keys).keys.filter(({ role }) => role === "root");
  const strange = { version: 9, trustDomain, issuedAtMs, expiresAtMs, roles, keys: [...root1, ...keys] };
  const envelope = signed("keyring", v1.Keyring.encode(strange).finish(), { keyId: keyIdOf(root), privateKey: root });

  await assert.rejects(one.keys.take(v1.SignedEnvelope.encode(envelope).finish()), /0 of them are here/);
});

test("bytes that are no keyring are refused as such", async () => {
  const { keys } = await anAuthority();

  await assert.rejects(keys.take(Buffer.from("nonsense")), {
    name: "Problem",
    message: /this keyring cannot be taken/,
  });
});

test("a keyring on the disk that is damaged ends the start, and says where", async () => {
  const { disk } = await anAuthority();
  await disk.write("authority/keyring-0000000002", Buffer.from("damage"));

  await assert.rejects(anAuthority(disk), /authority\/keyring-0000000002 holds no keyring: restore it from a backup/);
});

test("the newest keyring is what a device is given that enrols, and its own root has signed it", async () => {
  const { keys, disk } = await anAuthority();
  const bytes = (await disk.read("authority/keyring-0000000002")) ?? new Uint8Array();

  const keyring = newest(keys);

  assert.equal(
    open(
      "keyring",
      decode(v1.SignedEnvelope, bytes),
      trustIn(keyring, () => START),
    ).version,
    keyring.version,
  );
});
