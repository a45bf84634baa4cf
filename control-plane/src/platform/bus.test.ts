import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { action, handle } from "./action.ts";
import { stuckEvents } from "./bus.ts";
import { created, moved } from "./change.ts";
import { startTestCore, type CoreContext, type TestCore } from "./core.test-support.ts";
import type { Database } from "./database.ts";
import { feature, when } from "./feature.ts";
import { keyOf } from "./keys.ts";
import { aParcel, keptDatabase, parcel } from "./sample-resource.test-support.ts";

const note = action({
  path: "post/note",
  summary: "Note what happened",
  effect: "write",
  permission: "post:note",
  input: Type.Object({ parcel: Type.String({ maxLength: 20 }) }),
  output: Type.Object({}),
});
const weigh = { ...note, path: "post/weigh" };

interface Post {
  readonly database?: Database;
  readonly clock?: ManualClock;
  /** What the handler of post/note does with a parcel. */
  readonly onNote?: (parcel: string) => Promise<unknown>;
}

/** A post office that notes every parcel that is sent and weighs every one that is made. */
async function aPost({ onNote = async () => ({}), ...over }: Post = {}) {
  const noted: string[] = [];
  const weighed: string[] = [];
  const actors = new Set<string>();
  const post = feature<CoreContext>({
    name: "post",
    resources: [parcel],
    actions: [
      handle(note, async ({ parcel }, _, { actor }) => {
        actors.add(actor);
        noted.push(parcel);
        return (await onNote(parcel)) as object;
      }),
      handle(weigh, async ({ parcel }) => {
        weighed.push(parcel);
        return {};
      }),
    ],
    rules: [
      when(parcel, "parcel.sent", note, ({ subject }) => ({ parcel: subject })),
      when(parcel, "parcel.create", weigh, ({ subject }) => ({ parcel: subject })),
    ],
  });
  const core = await startTestCore<CoreContext>({ features: [post], context: {}, ...over });
  const send = (...ids: readonly string[]) =>
    core.store.commit(...ids.map((id) => created(parcel, id, aParcel(), "sent")));
  const stuck = async () => (await core.store.list(stuckEvents)).items;
  return { core, send, noted, weighed, actors, stuck };
}

async function deliver({ store }: TestCore<CoreContext>, id: string): Promise<void> {
  const row = await store.get(parcel, id);
  assert.ok(row);
  await store.commit(moved(parcel, row, "deliver"));
}

test("each reaction sees the events it asked for, once and in order", async () => {
  const { core, send, noted, weighed } = await aPost();
  await using _ = core;

  await send("p1", "p2");
  await core.settle();
  await send("p3");
  await core.settle();

  assert.deepEqual(noted, ["p1", "p2", "p3"]);
  assert.deepEqual(weighed, ["p1", "p2", "p3"]);
});

test("a rule asks in its own name", async () => {
  const { core, send, actors } = await aPost();
  await using _ = core;

  await send("p1");
  await core.settle();

  assert.deepEqual([...actors], ["rule:parcel.sent → post/note"]);
});

test("a reaction to a state does not run when the row has left it, and goes on to the next event", async () => {
  const database = keptDatabase();
  const clock = new ManualClock();
  const before = await aPost({ database, clock, onNote: () => new Promise(() => {}) });
  await before.send("p1", "p2", "p3");
  await before.core.clock.advance(0);
  await deliver(before.core, "p2");

  const { core, noted } = await aPost({ database, clock });
  await using _ = core;
  await core.settle();

  assert.deepEqual(noted, ["p1", "p3"]);
});

test("a reaction that fails is repeated after a pause, and the events behind it wait in order", async () => {
  let failures = 2;
  const { core, send, noted, stuck } = await aPost({
    onNote: async () => {
      if (failures-- > 0) throw new Error("out of ink");
    },
  });
  await using _ = core;

  await send("p1", "p2");
  await core.clock.advance(0);
  assert.deepEqual(noted, ["p1"]);
  await core.advance(10 * SECOND);

  assert.deepEqual(noted, ["p1", "p1", "p1", "p2"]);
  assert.deepEqual(await stuck(), []);
});

test("an event that fails five times is set aside with its reason, and the others go on", async () => {
  const { core, send, noted, stuck } = await aPost({
    onNote: async (parcel) => {
      if (parcel === "p1") throw new Error("cannot be read");
    },
  });
  await using _ = core;

  await send("p1", "p2");
  await core.advance(MINUTE);

  assert.deepEqual(noted, ["p1", "p1", "p1", "p1", "p1", "p2"]);
  const [one, ...others] = await stuck();
  assert.deepEqual(
    [one?.reaction, one?.event.subject, one?.event.type, others.length],
    ["parcel.sent → post/note", "p1", "parcel.sent", 0],
  );
  assert.match(one?.error ?? "", /post\/note/);
});

test("an event from which no valid input can be made is set aside at once: trying again would not help", async () => {
  const { core, send, noted, stuck } = await aPost();
  await using _ = core;

  await send("a parcel whose id is much too long", "p2");
  await core.settle();

  assert.deepEqual(noted, ["p2"]);
  assert.deepEqual((await stuck()).map(({ reaction }) => reaction).toSorted(), [
    "parcel.create → post/weigh",
    "parcel.sent → post/note",
  ]);
});

test("a reaction that is stuck does not hold up another", async () => {
  const { core, send, noted, weighed } = await aPost({ onNote: () => new Promise(() => {}) });

  await send("p1", "p2");
  await core.clock.advance(0);

  assert.deepEqual([noted, weighed], [["p1"], ["p1", "p2"]]);
});

test("after a restart each reaction goes on where it stopped", async () => {
  const database = keptDatabase();
  const clock = new ManualClock();
  const before = await aPost({ database, clock });
  await before.send("p1", "p2");
  await before.core.settle();
  await before.core[Symbol.asyncDispose]();

  const { core, send, noted, weighed } = await aPost({ database, clock });
  await using _ = core;
  await send("p3");
  await core.settle();

  assert.deepEqual([noted, weighed], [["p3"], ["p3"]]);
});

test("what was done and not yet written down is done again after a restart, and nothing is left out", async () => {
  const database = keptDatabase();
  const clock = new ManualClock();
  const cursor = keyOf("row", "cursor", "parcel.sent → post/note");
  const before = await aPost({
    clock,
    database: {
      ...database,
      // The power goes before the cursor reaches the disk.
      batch: async (operations) => {
        if (operations.some(({ key }) => key === cursor)) await new Promise(() => {});
        await database.batch(operations);
      },
    },
  });
  await before.send("p1", "p2");
  await before.core.clock.advance(0);
  assert.deepEqual(before.noted, ["p1"]);

  const { core, noted } = await aPost({ database, clock });
  await using _ = core;
  await core.settle();

  assert.deepEqual(noted, ["p1", "p2"]);
});

test("a reaction that could not write down how far it is goes on when the store is open again", async () => {
  const database = keptDatabase();
  let isFailing = true;
  const { core, send, noted, weighed } = await aPost({
    database: {
      ...database,
      batch: async (operations) => {
        const isCursor = operations.some(({ key }) => key.startsWith(keyOf("row", "cursor")));
        if (isCursor && isFailing) throw new Error("no space left");
        await database.batch(operations);
      },
    },
  });
  await using _ = core;
  await send("p1", "p2");
  await core.clock.advance(0);
  assert.deepEqual([noted, core.store.isBroken], [["p1"], true]);

  isFailing = false;
  await core.recover();
  await core.advance(10 * SECOND);

  assert.deepEqual(
    [noted, weighed],
    [
      ["p1", "p1", "p2"],
      ["p1", "p1", "p2"],
    ],
  );
});

test("a reaction that is new to an old log sees it from the beginning", async () => {
  const database = keptDatabase();
  const clock = new ManualClock();
  const silent = await startTestCore<CoreContext>({ features: [], context: {}, database, clock });
  await silent.store.commit(created(parcel, "p1", aParcel(), "sent"));
  await silent[Symbol.asyncDispose]();

  const { core, noted } = await aPost({ database, clock });
  await using _ = core;
  await core.settle();

  assert.deepEqual(noted, ["p1"]);
});

test("when a thousand events of others were passed over, that is written down: a restart does not read them again", async () => {
  const database = keptDatabase();
  const clock = new ManualClock();
  const before = await aPost({ database, clock });
  await before.core.store.commit(...Array.from({ length: 600 }, (_, i) => created(parcel, `p${i}`, aParcel())));
  await before.core.settle();
  await before.core[Symbol.asyncDispose]();

  const cursor = await database.get(keyOf("row", "cursor", "parcel.sent → post/note"));

  assert.deepEqual(JSON.parse(Buffer.from(cursor ?? []).toString()), { id: "parcel.sent → post/note", number: 1_000 });
});
