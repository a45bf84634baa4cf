import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import fc from "fast-check";
import { ManualClock } from "@edgemere/protocol/simulated";
import { action, handle, Ref } from "./action.ts";
import { Audit, auditTable } from "./audit.ts";
import type { Caller } from "./caller.ts";
import { created } from "./change.ts";
import type { PlatformContext } from "./context.ts";
import { memoryDatabase } from "./database.ts";
import { createDispatch } from "./dispatch.ts";
import { compileExpression } from "./expression.ts";
import { feature } from "./feature.ts";
import { Idempotency } from "./idempotency.ts";
import { resource } from "./resource.ts";
import { Scopes, type Realm } from "./scopes.ts";
import { Store } from "./store.ts";
import { silentLog } from "@edgemere/protocol/kit";

const ship = resource({
  name: "ship",
  summary: "A ship",
  shape: Type.Object({ name: Type.String(), labels: Type.Record(Type.String(), Type.String()) }),
  indexes: { name: ({ name }) => [[name]] },
  belongsTo: ({ id }) => [id],
});
const cargo = resource({
  name: "cargo",
  summary: "What ships carry",
  shape: Type.Object({ name: Type.String(), ships: Type.Array(Type.String()) }),
  indexes: { name: ({ name }) => [[name]] },
  belongsTo: ({ ships }) => ships,
});
const harbour = resource({ name: "harbour", summary: "Belongs to no ship", shape: Type.Object({}) });

const realm: Realm<typeof ship> = {
  resource: ship,
  compile: (text) => compileExpression(text, { fields: { id: "string", labels: "map" }, labels: "labels" }),
  viewOf: ({ id, labels }) => ({ id, labels }),
};

const show = action({
  path: "sea/cargo/show",
  summary: "Shows a cargo",
  effect: "read",
  permission: "cargo:read",
  scope: "referenced",
  input: Type.Object({ cargo: Ref("cargo", "Which"), others: Type.Optional(Type.Array(Ref("cargo", "More"))) }),
  output: Type.Object({}),
});
const close = action({
  path: "sea/close",
  summary: "Closes the sea",
  effect: "write",
  permission: "cargo:read",
  input: Type.Object({}),
  output: Type.Object({}),
});

async function aSea() {
  const clock = new ManualClock();
  const store = await Store.open(memoryDatabase(), clock);
  await store.commit(
    created(ship, "n1", { name: "anna", labels: { sea: "north" } }),
    created(ship, "b1", { name: "bert", labels: { sea: "baltic" } }),
    created(cargo, "coal", { name: "coal", ships: ["n1"] }),
    created(cargo, "corn", { name: "corn", ships: ["b1"] }),
    created(cargo, "both", { name: "wood", ships: ["n1", "b1"] }),
    created(cargo, "none", { name: "lost", ships: [] }),
    created(cargo, "tea-n", { name: "tea", ships: ["n1"] }),
    created(cargo, "tea-b", { name: "tea", ships: ["b1"] }),
  );
  const seas = feature<PlatformContext>({
    name: "seas",
    resources: [ship, cargo, harbour],
    realm,
    actions: [handle(show, async (input) => input), handle(close, async () => ({}))],
  });
  const scopes = new Scopes([seas], store);
  const dispatch = createDispatch<PlatformContext>({
    features: [seas],
    context: { scopes, store, clock } as Partial<PlatformContext> as PlatformContext,
    audit: new Audit(store, () => clock.now()),
    idempotency: new Idempotency(store, () => clock.now()),
    log: silentLog,
  });
  return { store, scopes, dispatch, entries: async () => (await store.list(auditTable)).items };
}

const limitedTo = (...selectors: readonly string[]): Caller => ({
  actor: "user:nora",
  via: "rest",
  requestId: "r1",
  permissions: [],
  limited: [{ permission: "cargo:*", selectors }],
});
const captain = limitedTo("sea=north");

test("what lies within the grant is found by id and by name, and handed on as its id", async () => {
  const { dispatch } = await aSea();

  assert.deepEqual(await dispatch("sea/cargo/show", { cargo: "coal" }, captain), { cargo: "coal" });
  assert.deepEqual(await dispatch("sea/cargo/show", { cargo: "tea", others: ["coal"] }, captain), {
    cargo: "tea-n",
    others: ["coal"],
  });
});

test("what lies outside is not found, in the words for what does not exist, and the try is in the audit", async () => {
  const { dispatch, entries } = await aSea();

  for (const ref of ["corn", "both", "none", "tea-b", "no-such"])
    await assert.rejects(dispatch("sea/cargo/show", { cargo: ref }, captain), {
      type: "not-found",
      message: `there is no cargo "${ref}"`,
    });
  await assert.rejects(dispatch("sea/cargo/show", { cargo: "coal", others: ["corn"] }, captain), { type: "not-found" });

  assert.deepEqual(
    (await entries()).map(({ decision }) => decision),
    Array.from({ length: 6 }, () => "denied"),
  );
});

test("an action that says nothing of scopes is for those alone whose permission holds everywhere", async () => {
  const { dispatch } = await aSea();

  await assert.rejects(dispatch("sea/close", {}, captain), {
    type: "forbidden",
    message: "user:nora may not sea/close: it needs the permission cargo:read for all devices, and not for some only",
  });
  assert.deepEqual(await dispatch("sea/close", {}, { ...captain, permissions: ["cargo:read"] }), {});
});

test("several selectors hold together, and one that cannot be understood any more matches nothing", async () => {
  const { dispatch } = await aSea();

  await assert.rejects(dispatch("sea/cargo/show", { cargo: "coal" }, limitedTo("sea=north", "sea=baltic")), {
    type: "not-found",
  });
  await assert.rejects(dispatch("sea/cargo/show", { cargo: "coal" }, limitedTo("sea=(")), { type: "not-found" });
});

test("of events those are told whose rows lie within, and none of classes that belong to nobody", async () => {
  const { store, scopes } = await aSea();
  await store.commit(created(harbour, "h1", {}));
  const reach = scopes.reachOf(captain, "cargo:read");

  const told: string[] = [];
  for (const event of await store.events(0)) if (await reach.coversEvent(event)) told.push(event.subject);

  assert.deepEqual(told, ["n1", "coal", "tea-n"]);
});

test("whatever grants there are, two together reach what either reaches and nothing else", async () => {
  const { scopes, store } = await aSea();
  const selectors = fc.constantFrom("sea=north", "sea=baltic", "sea", "!sea", "id=n1", "sea in (north,baltic)");
  const grant = fc.record({
    permission: fc.constantFrom("*", "cargo:*", "cargo:read", "cargo:write", "ship:read"),
    selectors: fc.array(selectors, { maxLength: 2 }),
  });
  const ships = (await store.list(ship)).items;

  fc.assert(
    fc.property(grant, grant, fc.constantFrom("cargo:read", "cargo:write"), (one, other, needed) => {
      const reached = (...limited: (typeof one)[]) => {
        const reach = scopes.reachOf({ permissions: [], limited }, needed);
        return ships.filter((each) => reach.coversRow(each)).map(({ id }) => id);
      };
      assert.deepEqual(new Set(reached(one, other)), new Set([...reached(one), ...reached(other)]));
    }),
  );
});

for (const [what, declared, message] of [
  [
    "takes a reference and declares no scope",
    { ...show, scope: undefined },
    /reference to a cargo and declares no scope/,
  ],
  [
    "is scoped and names what belongs to nobody",
    { ...show, input: Type.Object({ harbour: Ref("harbour", "Which") }) },
    /a harbour, which belongs to no device/,
  ],
  ["is scoped by references and has none", { ...show, input: Type.Object({}) }, /"referenced" and no reference/],
] as const)
  test(`a control plane does not start with an action that ${what}`, async () => {
    const { scopes } = await aSea();

    assert.throws(() => scopes.refuseUndeclared(declared as never), message);
  });
