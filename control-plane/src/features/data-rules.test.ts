import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { MINUTE, SECOND, systemClock } from "@edgemere/protocol/kit";
import { seededRandom } from "@edgemere/protocol/simulated";
import type { DataRequest } from "./data-orchestrator/contract.ts";
import { startYard, type Yard } from "./data-yard.test-support.ts";

/** Each is a world of its own, and takes as long as all other tests of data together. */
const SEEDS = [1];
/** How many; another number for a machine that has some minutes: RULES=1000 node --test control-plane/dist/src/features/data-rules.test.js */
const RULES = Number(process.env["RULES"] ?? 80);
/** Seconds in which many rules have all that they want brought: so many instances are looked at in a second, and no more. */
const MANY = Math.ceil(RULES / 40);
const REFUSED = 12;
const CHURN = 10;
const SITES = ["berlin", "paris", "rome"] as const;
const DEVICES_PER_SITE = 4;
const CONTENTS = 12;
/** Much more than all rules together take of one device, and little enough that a disk can be filled. */
const ROOM = 5_000;

const hashOf = (content: string) => createHash("sha256").update(content).digest("hex");
const deviceAt = (site: string, number: number) => `${site}-${number}`;
const devices = SITES.flatMap((site) =>
  Array.from({ length: DEVICES_PER_SITE }, (_, i) => [deviceAt(site, i), { site, freeBytes: ROOM }] as const),
);
const nameOf = (number: number) => `c${number}.bin`;

interface Rule {
  readonly query: string;
  readonly where?: string;
  readonly device?: string;
  readonly copies: number;
  readonly keep: true;
  readonly lifetime: number;
}

/** Everything that a seed decides. */
function chance(seed: number) {
  const random = seededRandom(seed);
  const below = (most: number) => Math.floor(random.next() * most);
  const oneOf = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const aPlace = () => (below(4) === 0 ? { device: deviceAt(oneOf(SITES), below(DEVICES_PER_SITE)) } : {});
  const aRule = (): Rule => {
    const place = aPlace();
    const kept = { query: `name:${nameOf(below(CONTENTS))} and device:origin`, keep: true, lifetime: 864_000 } as const;
    if ("device" in place) return { ...kept, ...place, copies: 1 };
    return { ...kept, where: `site=${oneOf(SITES)}`, copies: 1 + below(DEVICES_PER_SITE) };
  };
  /** A rule that cannot be, and what cannot hold together. */
  const anImpossibleRule = () => {
    const rule = { ...aRule(), device: undefined, where: `site=${oneOf(SITES)}`, copies: 2 };
    return oneOf([
      [{ ...rule, copies: DEVICES_PER_SITE + 1 }, /: where [^;]*; copies [^;]*$/],
      [{ ...rule, copies: devices.length + 2 }, /: copies [^;]*(cannot be met)?$/],
      [{ ...rule, query: "name:huge.bin" }, /: (where [^;]*; room|room|copies [^;]*; room) [^;]*$/],
      [{ ...rule, bytes: 1 }, /budget of 1 bytes/],
    ] as const);
  };
  return { below, oneOf, aRule, anImpossibleRule };
}

/** What befalls devices and data while rules stand. */
async function happen(yard: Yard, seed: number, { below, oneOf }: ReturnType<typeof chance>): Promise<void> {
  const [id] = oneOf(devices);
  const folder = yard.held.get(id);
  const what = oneOf(["vanish", "rot", "away", "back", "change", "fill", "empty"] as const);
  if (what === "vanish") folder?.clear();
  if (what === "rot") for (const name of folder?.keys() ?? []) folder?.set(name, `rotten ${seed}`);
  if (what === "away") await yard.setPresence(id, "offline");
  if (what === "back") await yard.setPresence(id, "online");
  if (what === "change") yard.held.get("origin")?.set(nameOf(below(CONTENTS)), `changed ${seed} ${below(1_000)}`);
  if (what === "fill") folder?.set("large", "x".repeat(ROOM - 100));
  if (what === "empty") folder?.delete("large");
  await yard.pass(below(4));
}

const contentOf = (yard: Yard, { query }: Rule) =>
  yard.held.get("origin")?.get(/c\d+\.bin/.exec(query)?.[0] ?? "") ?? "";

async function assertExact(yard: Yard, rule: Rule, { id }: DataRequest, where: string): Promise<void> {
  const { request, instances } = await yard.explain(id);
  const content = contentOf(yard, rule);
  assert.equal(request.state, "satisfied", `${where}: ${request.reason}`);
  assert.deepEqual(
    instances.map(({ state, hash }) => [state, hash]),
    Array.from({ length: rule.copies }, () => ["ready", hashOf(content)]),
    `${where}: ${JSON.stringify(rule)} ${request.cause ?? ""}`,
  );
  const on = instances.map(({ device }) => device);
  assert.equal(new Set(on).size, rule.copies, where);
  for (const device of on) {
    assert.ok(
      rule.device === undefined ? rule.where === `site=${device.split("-")[0] ?? ""}` : device === rule.device,
      where,
    );
    assert.ok([...(yard.held.get(device)?.values() ?? [])].includes(content), `${where}: ${device}`);
  }
}

/** What stands on devices and nobody uses. What somebody else made of a file stays: it is theirs. */
async function leftOver(yard: Yard): Promise<readonly string[]> {
  const used = new Set((await yard.instances()).map(({ device, path }) => `${device} ${path}`));
  return devices.flatMap(([id]) =>
    [...(yard.held.get(id) ?? [])]
      .filter(([name, content]) => !used.has(`${id} /data/${name}`) && !content.startsWith("rotten"))
      .map(([name, content]) => `${id} ${name}: ${content}`),
  );
}

test(`of ${RULES} rules that can be kept each has exactly its copies in the end and nothing else is left, whatever happened, and those that cannot be are refused with what is in their way`, async (t) => {
  for (const seed of SEEDS) {
    const by = chance(seed);
    const began = systemClock.monotonic();
    const took = (what: string) =>
      t.diagnostic(`seed ${seed}: ${what} after ${((systemClock.monotonic() - began) / SECOND).toFixed(1)} s`);
    const files = Object.fromEntries(Array.from({ length: CONTENTS }, (_, i) => [nameOf(i), `content ${seed} ${i}`]));
    await using yard = await startYard({
      origin: { takes: false, files: { ...files, "huge.bin": "x".repeat(2 * ROOM) } },
      ...Object.fromEntries(devices),
    });
    const kept: [Rule, DataRequest][] = [];
    for (let i = 0; i < RULES; i++) {
      const rule = by.aRule();
      kept.push([rule, await yard.find(rule)]);
      if (i % 10 === 0) await yard.pass(1);
    }
    for (let i = 0; i < REFUSED; i++) {
      const [rule, reason] = by.anImpossibleRule();
      const { id } = await yard.find(rule);
      const { request, reservations } = await yard.explain(id);
      assert.equal(request.state, "failed", `seed ${seed}: ${JSON.stringify(rule)}`);
      assert.match(request.reason, reason, `seed ${seed}: ${JSON.stringify(rule)}`);
      assert.deepEqual(reservations, []);
    }
    await yard.pass(14 + MANY);
    for (const [rule, request] of kept) await assertExact(yard, rule, request, `seed ${seed}, before`);
    took(`${RULES} rules have their ${(await yard.instances()).length} copies`);
    for (let i = 0; i < CHURN; i++) {
      await happen(yard, seed, by);
      // Long enough for those that are away to be given up.
      if (i === CHURN / 2) await yard.advance(16 * MINUTE);
    }

    for (const [id] of devices) {
      yard.held.get(id)?.delete("large");
      await yard.setPresence(id, "online");
    }
    await yard.pass(19 + MANY);
    // Long enough for a look at everything.
    await yard.advance(6 * MINUTE);
    await yard.pass(29 + MANY);
    for (const [rule, request] of kept) await assertExact(yard, rule, request, `seed ${seed}, after`);
    for (const { device, reservedBytes, placingBytes } of await yard.sources())
      assert.deepEqual([reservedBytes, placingBytes], [0, 0], `seed ${seed}: ${device}`);
    assert.deepEqual(await leftOver(yard), [], `seed ${seed}`);
    took(`${RULES} rules have them again, and nothing else is left,`);
  }
});
