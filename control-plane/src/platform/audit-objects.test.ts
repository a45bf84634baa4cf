import assert from "node:assert/strict";
import { test } from "node:test";
import { Type, type TObject } from "@sinclair/typebox";
import { ManualClock } from "@edgemere/protocol/simulated";
import { action, Ref, type AnyAction } from "./action.ts";
import { hashOfRow } from "./audit.ts";
import { namedObjects, objectsAsTheyAre } from "./audit-objects.ts";
import { created, updated } from "./change.ts";
import type { AnyResource } from "./resource.ts";
import { aParcel, keptDatabase, parcel } from "./sample-resource.test-support.ts";
import { Store } from "./store.ts";

const declared = (properties: TObject["properties"], secrets: readonly string[] = []): AnyAction =>
  action({
    path: "post/parcel/hand",
    summary: "Hand a parcel over",
    effect: "write",
    permission: "parcel:hand",
    input: Type.Object(properties),
    output: Type.Object({}),
    ...(secrets.length > 0 && { secrets }),
  });

const hand = declared({
  parcel: Ref("parcel", "Which one"),
  instead: Type.Optional(Ref("parcel", "Which one comes back")),
  to: Type.String(),
});
const resources = new Map<string, AnyResource>([["parcel", parcel]]);

/** Parcels `p1` and `p2`; two others share a name. */
async function aStore() {
  const store = await Store.open(keptDatabase(), new ManualClock());
  const names = { p1: "one", p2: "two", p3: "twin", p4: "twin" };
  await store.commit(...Object.entries(names).map(([id, name]) => created(parcel, id, aParcel({ name }))));
  return store;
}

test("each row that an input names is told by its class and id, whether it was named by id or by name, with its hash", async () => {
  const store = await aStore();

  const { objects, before } = await objectsAsTheyAre(
    hand,
    { parcel: "one", instead: "p2", to: "p3" },
    { store, resources },
  );

  assert.deepEqual(objects, ["parcel:p1", "parcel:p2"]);
  const rows = await Promise.all(["p1", "p2"].map((id) => store.get(parcel, id)));
  assert.deepEqual(before, rows.map(hashOfRow));
});

test("the hash is another one when anything of the row has changed, what is secret included", async () => {
  const store = await aStore();
  const look = async () => (await objectsAsTheyAre(hand, { parcel: "p1", to: "" }, { store, resources })).before?.[0];
  const first = await look();
  const row = await store.get(parcel, "p1");

  assert.equal(await look(), first);
  await store.commit(updated(parcel, row!, { combination: "1234" }));

  assert.notEqual(await look(), first);
  assert.match(first ?? "", /^[0-9a-f]{64}$/);
});

for (const [what, ref] of [
  ["nothing", "nowhere"],
  ["several rows", "twin"],
] as const)
  test(`a word that stands for ${what} is told as it was given, with no hash`, async () => {
    const found = await objectsAsTheyAre(hand, { parcel: ref, to: "" }, { store: await aStore(), resources });

    assert.deepEqual(found, { objects: [`parcel:${ref}`], before: [""] });
  });

test("without a store, or for a class that nobody knows, it is told as it was given, with no hash", async () => {
  const given = { objects: ["parcel:one"], before: [""] };

  assert.deepEqual(await objectsAsTheyAre(hand, { parcel: "one", to: "" }, { resources }), given);
  assert.deepEqual(
    await objectsAsTheyAre(hand, { parcel: "one", to: "" }, { store: await aStore(), resources: new Map() }),
    given,
  );
});

test("a store that fails is no missing row: the failure goes on to whoever asked", async () => {
  const store = await aStore();
  const broken = Object.create(store, { get: { value: () => Promise.reject(new Error("the disk is gone")) } }) as Store;

  await assert.rejects(objectsAsTheyAre(hand, { parcel: "one", to: "" }, { store: broken, resources }), {
    message: "the disk is gone",
  });
});

test("whoever was refused is told of by what they named, and no row is looked at", () => {
  assert.deepEqual(namedObjects(hand, { parcel: "one", instead: "p2", to: "p3" }), {
    objects: ["parcel:one", "parcel:p2"],
  });
});

const nothingNamed: readonly (readonly [title: string, input: unknown])[] = [
  ["is no object", "parcel"],
  ["is nothing", null],
  ["is a list", ["one"]],
  ["names no row", { to: "p1" }],
  ["names a row with what is no text", { parcel: { id: "p1" }, instead: 7 }],
];
for (const [title, input] of nothingNamed)
  test(`an input that ${title} tells of no objects`, async () => {
    assert.deepEqual(namedObjects(hand, input), {});
    assert.deepEqual(await objectsAsTheyAre(hand, input, { store: await aStore(), resources }), {});
  });

test("a reference that is a secret is in no entry", () => {
  const open = declared({ parcel: Ref("parcel", "By its combination") }, ["parcel"]);

  assert.deepEqual(namedObjects(open, { parcel: "1234" }), {});
});

test("a long word is cut, so that nobody fills the log with what is refused", () => {
  assert.deepEqual(namedObjects(hand, { parcel: "x".repeat(100_000) }), { objects: [`parcel:${"x".repeat(256)}`] });
});
