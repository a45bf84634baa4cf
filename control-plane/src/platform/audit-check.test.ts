import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AuditEntry } from "./audit.ts";
import { checkAudit } from "./audit-check.ts";
import { auditHeads } from "./audit-heads.ts";
import { anAuditLog, chained } from "./audit-log.test-support.ts";
import { auditWitnesses } from "./audit-witnesses.ts";
import { put } from "./change.ts";

const ENTRIES = 12;

/** What can be done to the entry at an index, or with the one after it. */
const deeds: Readonly<Record<string, (rows: readonly AuditEntry[], at: number) => readonly AuditEntry[]>> = {
  altered: (rows, at) => rows.map((each, i) => (i === at ? { ...each, actor: "user:mallory" } : each)),
  deleted: (rows, at) => rows.toSpliced(at, 1),
  inserted: (rows, at) => rows.toSpliced(at, 0, { ...(rows[at] as AuditEntry), requestId: "forged" }),
  reordered: (rows, at) => rows.toSpliced(at, 2, rows[at + 1] as AuditEntry, rows[at] as AuditEntry),
  truncated: (rows, at) => rows.slice(0, at),
};
const anyDeed = fc.record({
  deed: fc.constantFrom(...Object.keys(deeds)),
  at: fc.integer({ min: 1, max: ENTRIES - 2 }),
});

test("a whole log is called whole, with its copy and its heads", async () => {
  const log = await anAuditLog(ENTRIES);

  assert.deepEqual(await checkAudit(log), {
    checked: ENTRIES,
    entries: ENTRIES,
    heads: 2,
    compared: ENTRIES,
    witnesses: 0,
    faults: [],
  });
});

for (const [deed, act] of Object.entries(deeds)) {
  test(`an entry ${deed} in a chain that was made anew is named by its copy, with what was done to it`, async () => {
    const log = await anAuditLog(ENTRIES);

    await log.forge(chained(act(await log.rows(), 4)));
    const { faults } = await checkAudit(log);

    assert.deepEqual(
      faults.map(({ entry, place, kind }) => ({ entry, place, kind })),
      [{ entry: 5, place: "store", kind: deed }],
    );
  });
}

test("whatever is done to the store by a forger who knows the format is found, at its entry, with the copy", async () => {
  await fc.assert(
    fc.asyncProperty(anyDeed, async ({ deed, at }) => {
      const log = await anAuditLog(ENTRIES);
      await log.forge(chained(deeds[deed]?.(await log.rows(), at) ?? []));

      const [fault] = (await checkAudit(log)).faults;

      assert.deepEqual([fault?.entry, fault?.kind], [at + 1, deed]);
    }),
    { numRuns: 50 },
  );
});

test("without a copy a signed head tells that a chain was made anew", async () => {
  await fc.assert(
    fc.asyncProperty(anyDeed, async ({ deed, at }) => {
      const { store, key, ...log } = await anAuditLog(ENTRIES);
      await log.forge(chained(deeds[deed]?.(await log.rows(), at) ?? []));

      assert.notDeepEqual((await checkAudit({ store, key })).faults, []);
    }),
    { numRuns: 50 },
  );
});

const rough: readonly (readonly [
  string,
  (rows: readonly AuditEntry[]) => [AuditEntry[], string[]?],
  number,
  string,
])[] = [
  ["says something else", (rows) => [[...(deeds["altered"]?.(rows, 4) ?? [])]], 5, "altered"],
  ["is gone", (rows) => [rows.toSpliced(4, 1)], 5, "deleted"],
  ["is gone with its neighbours", (rows) => [rows.toSpliced(4, 3)], 5, "deleted"],
  ["is no entry", (rows) => [rows.with(4, null as unknown as AuditEntry), rows.map(({ id }) => id)], 5, "altered"],
  [
    "changed places with the next",
    (rows) => [rows.toSpliced(4, 2, rows[5]!, rows[4]!), rows.map(({ id }) => id)],
    5,
    "reordered",
  ],
  [
    "has one behind it that has no number",
    (rows) => [
      rows.toSpliced(5, 0, rows[4]!),
      rows.toSpliced(5, 0, rows[4]!).map(({ id }, i) => (i === 5 ? `${id}a` : id)),
    ],
    5,
    "inserted",
  ],
];
for (const [what, act, entry, kind] of rough) {
  test(`an entry that ${what} is named without a copy and without heads`, async () => {
    const { store, forge, rows } = await anAuditLog(ENTRIES);

    await forge(...act(await rows()));

    const [fault] = (await checkAudit({ store })).faults;
    assert.deepEqual([fault?.entry, fault?.kind], [entry, kind]);
  });
}

test("what was cut off at the end is told by a head, and by the copy", async () => {
  const { store, key, copy, ...log } = await anAuditLog(ENTRIES);
  await log.forge((await log.rows()).slice(0, 9));

  for (const sources of [
    { store, key },
    { store, copy },
  ])
    assert.deepEqual(
      (await checkAudit(sources)).faults.map(({ entry, kind, detail }) => ({ entry, kind, detail })),
      [
        {
          entry: 10,
          kind: "truncated",
          detail: "entries 10 to 12 are known elsewhere and missing here: the end was cut off",
        },
      ],
    );
});

test("a copy that was changed is told from a store that was", async () => {
  const log = await anAuditLog(ENTRIES);
  const [name = ""] = await log.disk.list("");
  const text = Buffer.from((await log.disk.read(name)) ?? []).toString();
  await log.disk.write(name, Buffer.from(text.replace('"requestId":"r5"', '"requestId":"r6"')));

  assert.deepEqual(
    (await checkAudit(log)).faults.map(({ entry, place, kind }) => ({ entry, place, kind })),
    [{ entry: 5, place: "copy", kind: "altered" }],
  );
});

test("a copy whose end was cut off is told by the heads that were made of it", async () => {
  const log = await anAuditLog(ENTRIES);
  const [name = ""] = await log.disk.list("");
  const lines = Buffer.from((await log.disk.read(name)) ?? [])
    .toString()
    .split("\n");
  await log.disk.write(name, Buffer.from(`${lines.slice(0, 7).join("\n")}\n`));

  const [fault] = (await checkAudit(log)).faults;

  assert.deepEqual([fault?.entry, fault?.place, fault?.kind], [8, "copy", "truncated"]);
});

test("a head that a device has countersigned tells of a log that was made anew, when all else was taken away", async () => {
  const { store, ...log } = await anAuditLog(ENTRIES);
  const { number, hash } = await log.sign();
  await store.commit(put(auditWitnesses, { id: "d1", number, hash, generation: 1, at: 0 }));
  assert.equal((await checkAudit({ store })).witnesses, 1);

  for (const deed of Object.keys(deeds)) {
    await log.forge(chained(deeds[deed]?.(await log.rows(), 4) ?? []));

    const { faults, witnesses } = await checkAudit({ store });

    assert.deepEqual([faults.length, witnesses], [1, 0], deed);
    assert.match(faults[0]?.detail ?? "", /the device d1 has countersigned/);
  }
});

test("a head that the audit's key did not sign is told, and proves nothing", async () => {
  const log = await anAuditLog(ENTRIES);
  const head = await log.sign();
  await log.store.commit(put(auditHeads, { ...head, id: "0000000000000099-1", number: 99 }));

  const { faults, heads } = await checkAudit(log);

  assert.equal(heads, 2);
  assert.deepEqual(
    faults.map(({ entry, kind }) => [entry, kind]),
    [[99, "forged head"]],
  );
});

test("a long log is checked part by part, with the same findings", async () => {
  const log = await anAuditLog(ENTRIES);
  await log.forge(deeds["altered"]?.(await log.rows(), 7) ?? []);

  const first = await checkAudit(log, { most: 5 });
  const second = await checkAudit(log, { after: first.next ?? 0, most: 5 });
  const third = await checkAudit(log, { after: second.next ?? 0, most: 5 });

  assert.deepEqual([first.next, second.next, third.next], [5, 10, undefined]);
  assert.deepEqual(
    [first, second, third].map(({ faults }) => faults.map(({ entry, kind }) => [entry, kind])),
    [[], [[8, "altered"]], []],
  );
});

test("entries that come while it is checked are no cut", async () => {
  const log = await anAuditLog(ENTRIES);
  const lines = log.copy.lines.bind(log.copy);
  const copy = {
    async *lines(after?: number) {
      await log.add(1);
      await log.copy.append([{ entry: (await log.rows())[ENTRIES]! }]);
      yield* lines(after);
    },
  };

  assert.deepEqual((await checkAudit({ ...log, copy })).faults, []);
});
