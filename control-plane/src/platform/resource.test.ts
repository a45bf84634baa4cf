import assert from "node:assert/strict";
import { test } from "node:test";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { action } from "./action.ts";
import { when } from "./feature.ts";
import { eventsOf, resource, rowSchema, type EventOf } from "./resource.ts";
import { aParcel, parcel } from "./sample-resource.test-support.ts";

const open = resource({ ...parcel, name: "openparcel", secrets: [] });
const row = { ...aParcel(), id: "p1", state: "sent", version: 1, createdAt: 1, updatedAt: 1 };

test("the events of a resource are create, updated, destroy, one for each state, and its own news", () => {
  assert.deepEqual(eventsOf(parcel), [
    "parcel.create",
    "parcel.updated",
    "parcel.destroy",
    "parcel.packed",
    "parcel.sent",
    "parcel.delivered",
    "parcel.lost",
    "parcel.weighed",
  ]);
});

test("a resource without a life has the three events that every resource has", () => {
  const plain = resource({ name: "plain", summary: "", shape: Type.Object({}) });

  assert.deepEqual(eventsOf(plain), ["plain.create", "plain.updated", "plain.destroy"]);
});

test("the schema of a row takes a row, and refuses a state that its life does not have", () => {
  const schema = rowSchema(open);

  assert.equal(Value.Check(schema, row), true);
  assert.equal(Value.Check(schema, { ...row, state: "eaten" }), false);
  assert.equal(Value.Check(schema, { ...row, version: undefined }), false);
});

test("there is no schema of whole rows that hold secrets: what is shown of them is declared field by field", () => {
  assert.throws(() => rowSchema(parcel), /rows of parcel hold secrets: declare what an output shows of them/);
});

test("an event, a rule and a secret that are misspelt do not compile", () => {
  const check = action({
    path: "parcels/check",
    summary: "Check",
    effect: "write",
    permission: "parcels:check",
    input: Type.Object({ parcel: Type.String() }),
    output: Type.Object({}),
  });
  const event: EventOf<typeof parcel> = "parcel.delivered";
  // @ts-expect-error: there is no state "devilered"
  const misspelt: EventOf<typeof parcel> = "parcel.devilered";
  // @ts-expect-error: there is no such event
  when(parcel, "parcel.devilered", check, ({ subject }) => ({ parcel: subject }));
  // @ts-expect-error: the action takes "parcel"
  when(parcel, "parcel.sent", check, ({ subject }) => ({ parcle: subject }));
  // @ts-expect-error: there is no field "combinaton"
  resource({ ...parcel, secrets: ["combinaton"] });

  assert.notEqual(event, misspelt);
});
