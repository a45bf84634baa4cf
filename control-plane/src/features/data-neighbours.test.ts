import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, open, v1 } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { created, updated } from "../platform/change.ts";
import { memoryDatabase } from "../platform/database.ts";
import { trustInSigner } from "../platform/core.test-support.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";
import { data } from "./data-catalogue/contract.ts";
import { aDevice } from "./device.test-support.ts";
import { device } from "./devices/contract.ts";
import { findNeighbours } from "./files/contract.ts";
import { aCommand, asDevice, sha256Of } from "./files/files.test-support.ts";
import { neighboursWith } from "./files/neighbours.ts";
import { command, type Command } from "./jobs/contract.ts";

const berlin = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`b${i + 1}`, { site: "berlin" }]));

/** A yard with one holder in Ulm and some devices in Berlin, all of which give data to neighbours. */
async function aYard(count: number): Promise<Yard> {
  const yard = await startYard({ far: { site: "ulm", files: { "map.bin": "a map" } }, ...berlin(count) });
  for (const id of ["far", ...Object.keys(berlin(count))]) await give(yard, id, `${id}.lan:7443`);
  return yard;
}
async function give(yard: Yard, id: string, address: string): Promise<void> {
  const row = await yard.store.get(device, id);
  assert.ok(row);
  await yard.store.commit(updated(device, row, { inventory: { "neighbour.address": address } }));
}

test("the devices of a site begin at once, and each is sent to those that began before it", async () => {
  await using yard = await aYard(4);
  const ids = Object.keys(berlin(4));
  for (const id of ids) yard.deaf.add(id);
  await yard.find({ query: "name:map.bin", where: "site=berlin", copies: 4, name: "maps" });
  await yard.pass(20);
  const bringing = (await yard.store.list(command)).items.filter(({ kind }) => kind === "data.put");
  const [first, second, ...others] = bringing;
  assert.ok(first && second && others.length === 2);
  const named = async ({ id, device: of }: Command) =>
    (await yard.call(findNeighbours, { command: id }, asDevice(of))).neighbours;

  assert.deepEqual(await named(first), []);
  assert.deepEqual(await named(second), [
    { device: first.device, address: `${first.device}.lan:7443`, isComing: true },
  ]);
  for (const [place, row] of others.entries())
    assert.deepEqual(
      (await named(row)).map((each) => each.device).toSorted(),
      bringing
        .slice(0, place + 2)
        .map((each) => each.device)
        .toSorted(),
    );

  await yard.setPresence(first.device, "offline");
  assert.deepEqual(await named(second), [], "nobody waits for a device that is away");
  await yard.setPresence(first.device, "online");
  for (const id of ids) yard.deaf.delete(id);
  await yard.pass(30);
  assert.deepEqual(
    (await yard.instances()).map(({ state }) => state),
    ["ready", "ready", "ready", "ready"],
  );
  assert.deepEqual((await yard.store.list(command, { index: "bringing" })).items, []);
});

test("a device is told of those beside it that have its content, and permitted to fetch that content there", async () => {
  await using yard = await startYard({
    near: { site: "berlin", files: { "map.bin": "a map" } },
    silent: { site: "berlin", files: { "map.bin": "a map" } },
    far: { site: "ulm", files: { "map.bin": "a map" } },
    own: { site: "berlin" },
  });
  for (const id of ["near", "far", "own"]) await give(yard, id, `${id}.lan:7443`);
  await give(yard, "silent", "no address");
  const [held, sha256] = ["a map", "what nobody has"].map((each) => sha256Of(Buffer.from(each)));
  await aCommand(yard, "c1", "data.put", { sha256: held }, "own");
  await aCommand(yard, "c2", "data.put", { sha256 }, "own");
  const ask = (id: string, of = "own") => yard.call(findNeighbours, { command: id }, asDevice(of));

  const { permit, neighbours } = await ask("c1");

  assert.deepEqual(neighbours, [{ device: "near", address: "near.lan:7443" }]);
  const said = open("neighbourPermit", decode(v1.SignedEnvelope, Buffer.from(permit, "base64")), trustInSigner);
  assert.deepEqual(
    [said.device, said.trustDomain, Buffer.from(said.sha256).toString("hex"), said.expiresAtMs - yard.clock.now()],
    ["own", "fleet.test", held, 15 * MINUTE],
  );
  assert.deepEqual(await ask("c2"), { permit: "", neighbours: [] });
  await assert.rejects(ask("c1", "near"), { type: "forbidden" });
  await yard.setPresence("near", "offline");
  assert.deepEqual((await ask("c1")).neighbours, []);
});

test("whoever asks for neighbours costs what its site costs, however many have the content elsewhere, and those of a large site are spread", async () => {
  const memory = memoryDatabase();
  let keys = 0;
  const database = {
    ...memory,
    close: async () => {},
    async *keys(range: Parameters<typeof memory.keys>[0]) {
      for await (const key of memory.keys(range)) {
        keys += 1;
        yield key;
      }
    },
  };
  await using yard = await startYard({ own: { site: "berlin" } }, { database });
  await give(yard, "own", "own.lan:7443");
  const hash = sha256Of(Buffer.from("a map"));
  const holders = (count: number, site: string) =>
    Array.from({ length: count }, (_, i) => `${site}-${i}`).flatMap((id) => [
      aDevice(id, { labels: { site }, inventory: { "neighbour.address": `${id}.lan:7443` } }),
      created(data, `of-${id}`, { name: "map.bin", source: id, device: id, access: "read", ...aMap(hash) }),
    ]);
  await aCommand(yard, "c1", "data.put", { sha256: hash }, "own");
  const cost = async (id = "c1") => {
    const row = await yard.store.get(command, id);
    assert.ok(row);
    keys = 0;
    const named = await neighboursWith(row, yard);
    return { keys, named: named.map((each) => each.device) };
  };
  await yard.store.commit(...holders(3, "berlin"), ...holders(5, "ulm"));
  const before = await cost();
  assert.deepEqual(before.named.toSorted(), ["berlin-0", "berlin-1", "berlin-2"]);

  await yard.store.commit(...holders(900, "rome"));
  const after = await cost();

  assert.deepEqual(after.named, before.named);
  assert.ok(after.keys <= 20, `${after.keys} places of indexes were read`);
  await yard.store.commit(...holders(200, "oslo"));
  const named = new Set<string>();
  for (let asking = 0; asking < 50; asking++) {
    await aCommand(yard, `o${asking}`, "data.put", { sha256: hash }, `oslo-${asking}`);
    const one = await cost(`o${asking}`);
    assert.equal(one.named.length, 4);
    assert.ok(one.keys <= 60, `${one.keys} places of indexes were read`);
    for (const each of one.named) named.add(each);
  }
  assert.ok(named.size > 80, `only ${named.size} were named`);
});

const aMap = (hash: string) => ({ bytes: 5, hash, tags: {}, givenTags: {}, modifiedAt: 1 });
