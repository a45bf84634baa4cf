import assert from "node:assert/strict";
import { test } from "node:test";
import { privateKeyFromSeed, seal, trustOnly, publicKeyBytes, publicKeyFromBytes, v1 } from "@edgemere/protocol";
import { DAY } from "@edgemere/protocol/kit";
import { signer, startTestCore, type CoreContext } from "../platform/core.test-support.ts";
import { feature } from "../platform/feature.ts";
import { aDevice } from "./device.test-support.ts";
import { device } from "./devices/contract.ts";
import { realm } from "./devices/selector-contract.ts";
import { destroyFile } from "./files/contract.ts";
import { sha256Of, someBytes, upload } from "./files/files.test-support.ts";
import { files, type FilesContext } from "./files/index.ts";
import { createJob, planJob, rolloutPlan } from "./jobs/contract.ts";
import { jobs, type JobsContext } from "./jobs/index.ts";
import { findRelease, listReleases, publishRelease, withdrawRelease } from "./releases/contract.ts";
import { releases, type ReleasesContext } from "./releases/index.ts";

type Context = CoreContext & ReleasesContext & FilesContext & JobsContext;
const key = { keyId: "r1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(21)) };
const trustedKey = publicKeyFromBytes(publicKeyBytes(key.privateKey));
const archive = someBytes(1_000);
const fleet = feature<Context>({ name: "fleet", resources: [device], realm, actions: [] });

/** Three devices, of which d1 runs 0.2.0; the key of releases can be taken away. */
async function aWorld() {
  let trusted = trustOnly("releases", key.keyId, trustedKey);
  const world = await startTestCore<Context>({
    features: [releases, files, jobs, fleet],
    context: {
      keys: { trust: (role) => trusted(role) },
      files: { room: 8 * 1024 ** 2, keep: 30 * DAY },
      signer,
      authority: { trustDomain: "fleet.test" },
      approvers: { rule: "auto", hasOther: async () => false, isActive: async () => true },
    },
  });
  const agent = { version: "0.1.0", bootId: "", capabilities: [], lastExitReason: "", clockOffset: 0 };
  await world.store.commit(
    aDevice("d1", { labels: { site: "berlin" }, agent: { ...agent, version: "0.2.0" } }),
    aDevice("d2", { labels: { site: "ulm" }, agent }),
  );
  return { world, rotate: () => void (trusted = trustOnly("releases", "r2", trustedKey)) };
}

const sign = (version: string, over: object = {}) => {
  const facts = { sha256: Buffer.from(sha256Of(archive), "hex"), bytes: archive.length, unpackedBytes: 5_000 };
  const release = v1.AgentRelease.create({ version, ...facts, issuedAtMs: 1, ...over });
  return Buffer.from(v1.SignedEnvelope.encode(seal("release", release, key)).finish()).toString("base64");
};
const limited = (permission: string, selector: string) => ({
  permissions: [],
  limited: [{ permission, selectors: [selector] }],
});

test("a release is published when its archive is here and its signature good, and told with the devices that run it", async () => {
  const { world, rotate } = await aWorld();
  await using _ = world;
  await assert.rejects(world.call(publishRelease, { release: sign("0.2.0") }), /is not among the files/);
  await upload(world, archive);

  const published = await world.call(publishRelease, { release: sign("0.2.0") });
  const again = await world.call(publishRelease, { release: `${sign("0.2.0")}\n` });

  assert.equal(again.id, published.id);
  const [row] = (await world.call(listReleases, {})).items;
  assert.deepEqual(
    [row?.name, row?.bytes, row?.sha256, row?.signature, row?.archive, row?.devices, row?.examples],
    ["0.2.0", 1_000, sha256Of(archive), "good", "here", 1, ["d1"]],
  );
  const inUlm = await world.call(listReleases, {}, limited("release:read", "site=ulm"));
  assert.deepEqual([inUlm.items[0]?.devices, inUlm.items[0]?.examples], [0, []]);
  rotate();
  assert.match((await world.call(findRelease, { release: "0.2.0" })).signature, /^unknown-key: /);
  await assert.rejects(
    world.call(createJob, { device: "d2", kind: "agent.upgrade", arguments: { release: "0.2.0" } }),
    /devices would not believe the release 0\.2\.0: unknown-key/,
  );
});

test("what nobody signed, or is over, or has a version that is there, is not published", async () => {
  const { world } = await aWorld();
  await using _ = world;
  await upload(world, archive);
  await world.call(publishRelease, { release: sign("0.2.0") });

  for (const [release, message] of [
    [sign("0.2.0", { leastNode: "20.0.0" }), /there is a release 0\.2\.0 already/],
    [sign("0.3.0", { expiresAtMs: 2 }), /was signed to be taken no more by now/],
    ["AAAA", /devices would not believe it: /],
    [sign("0.3.0").replace(/^.{40}/, (start) => start.replaceAll("A", "B")), /devices would not believe it: /],
  ] as const)
    await assert.rejects(world.call(publishRelease, { release }), message);
});

test("an upgrade that names a version carries what was signed, and the hash that its device may fetch", async () => {
  const { world } = await aWorld();
  await using _ = world;
  const { id: content } = await upload(world, archive);
  const signed = sign("0.2.0");
  await world.call(publishRelease, { release: signed });
  const upgrade = (over: object = {}) =>
    world.call(createJob, { device: "d2", kind: "agent.upgrade", arguments: { release: "0.2.0", ...over } });

  const { arguments: given } = (await upgrade()).job;
  const { arguments: placed } = (await upgrade({ path: "/srv/a.tar.gz" })).job;
  const { plan } = await world.call(planJob, {
    selector: "site=ulm",
    kind: "ping",
    rollback: { kind: "agent.upgrade", arguments: { release: "0.2.0" } },
  });

  assert.deepEqual(
    [given["release"], given["sha256"], given["bytes"], given["path"]],
    [signed, sha256Of(archive), 1_000, undefined],
  );
  assert.deepEqual([placed["release"], placed["sha256"]], [signed, undefined]);
  const row = await world.store.get(rolloutPlan, plan);
  assert.equal(row?.spec.rollback?.arguments?.["sha256"], sha256Of(archive));
  await assert.rejects(upgrade({ release: signed }), /must be the version of a published release/);
  await assert.rejects(upgrade({ release: "0.9.0" }), /there is no release "0\.9\.0"/);
  await world.call(destroyFile, { file: content });
  await assert.rejects(upgrade(), /the archive of 0\.2\.0 is not here any more/);
  await world.call(withdrawRelease, { release: "0.2.0" });
  await assert.rejects(upgrade(), /there is no release "0\.2\.0"/);
});
