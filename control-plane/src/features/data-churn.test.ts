import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { startYard, type Yard } from "./data-yard.test-support.ts";

const DEVICES = ["b1", "b2", "b3", "b4"] as const;
const hashOf = (content: string) => createHash("sha256").update(content).digest("hex");

const anEvent = fc.record({
  what: fc.constantFrom("vanish", "rot", "away", "back", "change", "quiet"),
  device: fc.constantFrom(...DEVICES),
  seconds: fc.nat(8),
});

async function happen(
  yard: Yard,
  { what, device, seconds }: { what: string; device: string; seconds: number },
  n: number,
) {
  const folder = yard.held.get(device);
  if (what === "vanish") folder?.clear();
  if (what === "rot") for (const name of folder?.keys() ?? []) folder?.set(name, `rotten ${n}`);
  if (what === "away") await yard.setPresence(device, "offline");
  if (what === "back") await yard.setPresence(device, "online");
  if (what === "change") yard.held.get("gw1")?.set("a.pcap", `evidence ${n}`);
  await yard.pass(seconds);
}

/** What is being brought has changed everywhere before it came. */
const changedTwice: [{ what: "change"; device: "b1"; seconds: number }[], number] = [
  [4, 0].map((seconds) => ({ what: "change", device: "b1", seconds })),
  1,
];

test("whatever happens to copies and their holders, in the end there are exactly as many as are wanted, and no room is held", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anEvent, { maxLength: 8 }), fc.integer({ min: 1, max: 3 }), async (events, copies) => {
      await using yard = await startYard({
        gw1: { files: { "a.pcap": "evidence" }, takes: false },
        ...Object.fromEntries(DEVICES.map((id) => [id, { site: "berlin" }])),
      });
      const rule = { query: "name:a.pcap", where: "site=berlin", copies, keep: true, lifetime: 864_000 };
      const { id } = await yard.find(rule);
      await yard.pass(5);
      for (const [n, event] of events.entries()) await happen(yard, event, n);

      for (const device of DEVICES) await yard.setPresence(device, "online");
      await yard.pass(20);
      await yard.advance(12 * 60_000);
      await yard.pass(40);

      const wanted = yard.held.get("gw1")?.get("a.pcap") ?? "";
      const { request, instances } = await yard.explain(id);
      assert.equal(request.state, "satisfied", request.reason);
      assert.deepEqual(
        instances.map(({ state, hash, cause }) => [state, hash === hashOf(wanted), cause]),
        Array.from({ length: copies }, () => ["ready", true, ""]),
      );
      assert.equal(new Set(instances.map(({ device }) => device)).size, copies);
      const standing = DEVICES.filter((device) => [...(yard.held.get(device)?.values() ?? [])].includes(wanted));
      assert.equal(standing.length, copies);
      for (const source of await yard.sources())
        assert.deepEqual([source.reservedBytes, source.placingBytes], [0, 0], source.device);
    }),
    { numRuns: 4, examples: [changedTwice] },
  );
});

test("hundreds of copies whose holder does not answer keep nothing else from being brought", async () => {
  const files = Object.fromEntries(Array.from({ length: 230 }, (_, i) => [`${i}.log`, `line ${i}`]));
  await using yard = await startYard({
    gw1: { files },
    gw2: { files: { "a.pcap": "evidence" } },
    b1: { freeBytes: 9_000 },
  });
  yard.deaf.add("gw1");
  await yard.find({ query: "kind:log", device: "b1" });
  await yard.pass(5);

  const { id } = await yard.find({ query: "kind:capture", device: "b1" });
  await yard.pass(12);

  assert.equal((await yard.explain(id)).request.state, "satisfied");
});

test("data that changes before all of a request is ready is brought as it is then, and what was brought of it goes", async () => {
  await using yard = await startYard({
    gw1: { files: { "a.pcap": "evidence" }, takes: false },
    b1: { site: "berlin" },
    b2: { site: "berlin" },
  });
  yard.deaf.add("b2");
  const { id } = await yard.find({ query: "name:a.pcap", where: "site=berlin", copies: 2 });
  await yard.pass(6);
  assert.equal(yard.held.get("b1")?.size, 1);
  yard.held.get("gw1")?.set("a.pcap", "evidence, and more of it");
  await yard.pass(6);

  yard.deaf.delete("b2");
  await yard.pass(60);

  const { request, instances } = await yard.explain(id);
  assert.deepEqual([request.state, request.reason], ["satisfied", ""]);
  assert.deepEqual(
    instances.map(({ state }) => state),
    ["ready", "ready"],
  );
  for (const device of ["b1", "b2"])
    assert.deepEqual([...(yard.held.get(device)?.values() ?? [])], ["evidence, and more of it"]);
  for (const source of await yard.sources()) assert.deepEqual([source.reservedBytes, source.placingBytes], [0, 0]);
});

test("data that changes before a request is ready fails it where bringing it once more is more than its budget", async () => {
  await using yard = await startYard({
    gw1: { files: { "a.pcap": "evidence" }, takes: false },
    b1: { site: "berlin" },
    b2: { site: "berlin" },
  });
  yard.deaf.add("b2");
  const { id } = await yard.find({ query: "name:a.pcap", where: "site=berlin", copies: 2, bytes: 20 });
  await yard.pass(6);
  yard.held.get("gw1")?.set("a.pcap", "evidence, and more of it");
  await yard.pass(30);

  const { request } = await yard.explain(id);
  assert.deepEqual(
    [request.state, request.reason],
    ["failed", '"a.pcap" has changed, and bringing it once more is more than the budget'],
  );
  assert.deepEqual([...(yard.held.get("b1")?.values() ?? [])], []);
});

test("a request whose data is gone before it is ready fails and says what is gone", async () => {
  await using yard = await startYard({
    gw1: { files: { "a.pcap": "evidence" }, takes: false },
    b1: { site: "berlin" },
  });
  yard.deaf.add("b1");
  const { id } = await yard.find({ query: "name:a.pcap", where: "site=berlin" });
  yard.held.get("gw1")?.clear();
  await yard.pass(30);

  const { request } = await yard.explain(id);
  assert.equal(request.state, "failed");
  assert.match(request.reason, /"a.pcap" was lost .* before all data was ready/);
});
