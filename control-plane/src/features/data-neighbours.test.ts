import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, open, v1 } from "@edgemere/protocol";
import { MINUTE } from "@edgemere/protocol/kit";
import { updated } from "../platform/change.ts";
import { trustInSigner } from "../platform/core.test-support.ts";
import { fetchersAtOnce, patienceFor } from "./data-orchestrator/neighbours.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";
import { device } from "./devices/contract.ts";
import { findNeighbours } from "./files/contract.ts";
import { aCommand, asDevice, sha256Of } from "./files/files.test-support.ts";
import { command } from "./jobs/contract.ts";

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
async function fetchingNow(yard: Yard): Promise<readonly string[]> {
  const { items } = await yard.store.list(command);
  return items.filter(({ kind, state }) => kind === "data.put" && state !== "succeeded").map((row) => row.device);
}

test("of the devices of a site one fetches first, and when it has the content the others do", async () => {
  await using yard = await aYard(4);
  const ids = Object.keys(berlin(4));
  for (const id of ids) yard.deaf.add(id);
  await yard.find({ query: "name:map.bin", where: "site=berlin", copies: 4, name: "maps" });
  await yard.pass(20);

  const first = await fetchingNow(yard);
  const causes = (await yard.instances()).map(({ cause }) => cause).toSorted();
  assert.equal(first.length, 1);
  assert.deepEqual(causes, [
    ...Array.from({ length: 3 }, () => "a device on its site fetches it first"),
    "its device fetches it",
  ]);
  for (const id of ids) yard.deaf.delete(id);
  await yard.pass(30);

  assert.deepEqual(
    (await yard.instances()).map(({ state }) => state),
    ["ready", "ready", "ready", "ready"],
  );
});

test("nobody waits for a device that is away, for one that takes too long, or where no data is given to neighbours", async () => {
  await using yard = await aYard(2);
  for (const id of ["b1", "b2"]) yard.deaf.add(id);
  await yard.find({ query: "name:map.bin", where: "site=berlin", copies: 2, name: "maps" });
  await yard.pass(20);
  const [first = ""] = await fetchingNow(yard);
  await yard.setPresence(first, "offline");
  await yard.pass(5);
  assert.equal((await fetchingNow(yard)).length, 2);

  await using slow = await aYard(2);
  for (const id of ["b1", "b2"]) slow.deaf.add(id);
  await slow.find({ query: "name:map.bin", where: "site=berlin", copies: 2, name: "maps" });
  await slow.pass(20);
  assert.equal((await fetchingNow(slow)).length, 1);
  await slow.advance(11 * MINUTE);
  await slow.pass(5);
  assert.equal((await fetchingNow(slow)).length, 2);

  await using closed = await startYard({ far: { site: "ulm", files: { "map.bin": "a map" } }, ...berlin(2) });
  for (const id of ["b1", "b2"]) closed.deaf.add(id);
  await closed.find({ query: "name:map.bin", where: "site=berlin", copies: 2, name: "maps" });
  await closed.pass(20);
  assert.equal((await fetchingNow(closed)).length, 2);
});

test("a site's fetchers grow with those that have the content, and a large content is waited for longer", () => {
  assert.deepEqual([0, 1, 5].map(fetchersAtOnce), [1, 8, 40]);
  assert.ok(patienceFor(1024 ** 3) > 4 * 60 * MINUTE && patienceFor(0) === 10 * MINUTE);
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
