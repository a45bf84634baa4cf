import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadIdentity, type Connection } from "@edgemere/agent";
import { createClient } from "@edgemere/control-plane/client";
import { nodeDisk } from "@edgemere/protocol/kit";
import { wallClock } from "../faults/tools/launches.ts";
import { AgentProgram } from "../world/agent-program.ts";
import { newestNumber } from "../world/happenings.ts";
import { eventually, owner, startWorld, type World } from "../world/world.ts";
import { aKey, anIdentity, connecting, judged, recovery, renewal, renewed } from "./device-identity.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world[Symbol.asyncDispose]());

const find = (device: string) => world.client.call("cpl/dm/device/find", { device });
const typesSince = async (number: number, subject: string) => {
  const { events } = await world.client.call("ia/event/list", { after: number, limit: 500 });
  return events.filter((each) => each.subject === subject).map(({ type }) => type);
};

test("T06 a device cannot connect under another's id, and the other stays connected", async () => {
  const [victim, thief] = [await anIdentity(world, "t06-victim"), await anIdentity(world, "t06-thief")];
  const held = (await connecting(victim)) as Connection;

  assert.equal(await judged({ ...thief, device: victim.device }, thief), "refused");

  await held.publish({ topic: `edgemere/v1/${victim.device}/up/hello`, payload: new Uint8Array(), qos: 1 });
  await held.close();
});

test("T07 of two hosts with one state the second to renew it locks both, and somebody is told within that renewal", async () => {
  const original = await anIdentity(world, "t07");
  const copy = { ...original };
  const since = await newestNumber(world);
  const key = await aKey(world.folder);
  const own = renewed(original, key, await renewal(original, key));
  assert.equal(await judged(own), "admitted");

  const stolen = await renewal(copy, await aKey(world.folder));

  assert.deepEqual([stolen.status, stolen.body["certificate"]], [403, undefined]);
  assert.equal(await judged(copy), "refused");
  const row = await find(original.device);
  assert.equal(row.state, "quarantined");
  assert.ok((await typesSince(since, original.device)).includes("device.doubted"));
  // Neither goes on: not the thief by the other way, and not the original before somebody has decided.
  for (const each of [await recovery(copy, await aKey(world.folder)), await renewal(own, await aKey(world.folder))])
    assert.deepEqual([each.status, each.body["certificate"]], [403, undefined]);

  await world.client.call("cpl/dm/device/split", { device: original.device });

  const next = await aKey(world.folder);
  const gone = renewed(own, next, await renewal(own, next));
  assert.equal(await judged(gone), "admitted");
  assert.equal((await renewal(copy, await aKey(world.folder))).status, 403);
  assert.equal((await find(original.device)).state, "active");
});

test("T07 a copied disk that recovers after the original went on gets nothing and locks both", async () => {
  const original = await anIdentity(world, "t07-recovery");
  const key = await aKey(world.folder);
  assert.equal((await recovery(original, key)).status, 200);

  const stolen = await recovery(original, await aKey(world.folder));

  assert.deepEqual([stolen.status, stolen.body["certificate"]], [403, undefined]);
  assert.equal((await find(original.device)).state, "quarantined");
});

test("T36 the disk of a device that was retired is good for nothing: no connection, no renewal, no recovery, and the agent wipes it", async () => {
  const agent = await world.enrolAgent("t36");
  const image = join(world.folder, "t36-image");
  // A file that is under way is not part of an image.
  await cp(agent.dataFolder, image, { recursive: true, filter: (path) => !path.endsWith(".unfinished") });
  const identity = await loadIdentity(nodeDisk(image));
  assert.ok(identity);

  await world.client.call("cpl/dm/device/retire", { device: "t36" });

  assert.equal(await agent.ended(), 0);
  assert.equal(await loadIdentity(nodeDisk(agent.dataFolder)), undefined, "its keys are gone");
  assert.equal(await judged(identity), "refused");
  for (const each of [
    await renewal(identity, await aKey(world.folder)),
    await recovery(identity, await aKey(world.folder)),
  ])
    assert.deepEqual([each.body["state"], each.body["certificate"]], ["retired", undefined]);
  await using again = new AgentProgram({ dataFolder: image });
  again.run();
  assert.equal(await again.ended(), 0, "an agent that starts on the image hears the signed word, and wipes");
  assert.equal(await loadIdentity(nodeDisk(image)), undefined);
  assert.equal((await find(identity.device)).state, "retired");
});

test("T36 a mere refusal takes no identity away", async () => {
  const agent = await world.enrolAgent("t36-refused");
  const { certificate } = await find("t36-refused");
  const identity = await loadIdentity(nodeDisk(agent.dataFolder));
  assert.ok(identity);
  const since = await newestNumber(world);

  await world.client.call("cpl/dm/certificate/revoke", { serial: certificate.serial });
  assert.equal(await judged(identity), "refused");

  await eventually(
    async () => (await typesSince(since, identity.device)).includes("device.waiting"),
    "the refused agent to ask for approval",
  );
  assert.equal((await loadIdentity(nodeDisk(agent.dataFolder)))?.key, identity.key);
  await world.client.call("cpl/dm/device/approve", { device: identity.device });
  await agent.stop();
});

test("T10 a request that names another device, wants to be an authority or to have other names gets none of it, and is told", async () => {
  const [victim, asker] = [await anIdentity(world, "t10-victim"), await anIdentity(world, "t10")];
  const since = await newestNumber(world);
  const greedy = await aKey(
    world.folder,
    `/CN=${victim.device}`,
    "basicConstraints=critical,CA:TRUE",
    `subjectAltName=URI:edgemere://${victim.trustDomain}/device/${victim.device},DNS:control-plane.edgemere`,
  );

  const answer = await renewal(asker, greedy);

  const certificate = new X509Certificate(String(answer.body["certificate"]));
  assert.deepEqual(
    [certificate.subject, certificate.ca, certificate.subjectAltName, certificate.keyUsage],
    [`CN=${asker.device}`, false, `URI:edgemere://${asker.trustDomain}/device/${asker.device}`, ["1.3.6.1.5.5.7.3.2"]],
  );
  assert.ok((await typesSince(since, asker.device)).includes("device.presumptuous"));
  const { items } = await world.client.call("cpl/dm/certificate/list", { device: asker.device });
  assert.deepEqual(items[0]?.wishes.length, 3);
  assert.equal(await judged(victim), "admitted");
});

test("T38 a certificate that has ended is not revived by anybody's wrong clock, and a wrong clock takes no identity away", async () => {
  const folder = await mkdtemp(join(world.folder, "t38-"));
  const clock = join(folder, "clock");
  const set = (offset: string) => writeFile(clock, offset);
  await set("-20d");
  await using old = await startWorld({ controlPlane: { launch: wallClock(clock) } });
  const ended = await anIdentity(old, "t38-ended");
  await set("+0");
  const { baseUrl } = old;
  const { token = "" } = await createClient({ baseUrl }).call("ia/signin", owner);
  const client = createClient({ baseUrl, token });
  const fresh = await anIdentity({ client }, "t38-fresh");

  assert.notEqual(await judged(ended), "admitted");
  assert.equal((await renewal(ended, await aKey(world.folder))).status, 401);
  assert.equal(await judged(fresh), "admitted");
  for (const offset of ["+3650d", "-3650d"]) {
    await set(offset);
    assert.notEqual(await judged(fresh), "admitted", offset);
    assert.notEqual((await renewal(fresh, await aKey(world.folder))).status, 200, offset);
  }
  await set("+0");

  assert.equal(await judged(fresh), "admitted");
  const key = await aKey(world.folder);
  assert.equal(await judged(renewed(ended, key, await recovery(ended, key))), "admitted");
  assert.equal((await client.call("cpl/dm/device/find", { device: fresh.device })).state, "active");
});
