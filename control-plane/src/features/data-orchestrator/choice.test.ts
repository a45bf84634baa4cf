import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@edgemere/protocol/simulated";
import type { Data } from "../data-catalogue/contract.ts";
import { choose, type Candidate } from "./choice.ts";
import { AWAY, DAMAGED, due } from "./instance-life.ts";
import type { PlacementAnswer } from "./placement-contract.ts";

const aCandidate = (id: string, over: Partial<Data> = {}, state: "created" | "confirmed" = "created"): Candidate =>
  ({
    reservation: { id, state },
    data: { id: `data-${id}`, hash: "h1", device: "d1", state: "available", ...over },
  }) as Candidate;

const leave = (): PlacementAnswer => ({ decision: "leave", reason: "it can be used where it lies" });

const signals = (candidates: readonly Candidate[], copies = 1, device?: string) =>
  Object.fromEntries(
    choose(candidates, { copies, device }, leave).map(({ reservation, signal }) => [reservation.id, signal]),
  );

test("each content is chosen once when one copy is wanted", () => {
  const candidates = [aCandidate("a"), aCandidate("b", { device: "d2" }), aCandidate("c", { hash: "h2" })];

  assert.deepEqual(signals(candidates), { a: "confirm", b: "reject", c: "confirm" });
});

test("copies lie on different devices", () => {
  const candidates = [aCandidate("a"), aCandidate("b"), aCandidate("c", { device: "d2" })];

  assert.deepEqual(signals(candidates, 3), { a: "confirm", b: "reject", c: "confirm" });
});

test("the device of use comes first", () => {
  const candidates = [aCandidate("a"), aCandidate("b", { device: "d2" })];

  assert.deepEqual(signals(candidates, 1, "d2"), { a: "reject", b: "confirm" });
});

test("data that can no longer be reached is refused, and another place chosen", () => {
  const candidates = [
    aCandidate("a", { state: "unavailable" }),
    aCandidate("b", { device: "d2" }),
    { ...aCandidate("c"), data: undefined },
  ];

  assert.deepEqual(signals(candidates), { a: "reject", b: "confirm", c: "reject" });
});

test("what an interrupted run confirmed counts, and is not decided again", () => {
  const candidates = [aCandidate("a", {}, "confirmed"), aCandidate("b", { device: "d2" })];

  assert.deepEqual(signals(candidates), { b: "reject" });
  assert.deepEqual(signals(candidates, 2), { b: "confirm" });
});

test("a choice that was cut short at any place ends as if it had not been", () => {
  const random = seededRandom(3);
  const pick = (most: number) => Math.floor(random.next() * most);
  const runs = Array.from({ length: 200 }, () => {
    const candidates = Array.from({ length: 12 }, (_, i) =>
      aCandidate(`r${i + 10}`, { hash: `h${pick(3)}`, device: `d${pick(4)}` }),
    );
    const copies = 1 + pick(3);
    const whole = choose(candidates, { copies }, leave);
    const done = new Map(whole.slice(0, pick(13)).map(({ reservation, signal }) => [reservation.id, signal]));
    const rest = candidates.map((each): Candidate => {
      const signal = done.get(each.reservation.id);
      const state = signal === undefined ? "created" : signal === "confirm" ? "confirmed" : "rejected";
      return { ...each, reservation: { ...each.reservation, state } };
    });
    const resumed = new Map(choose(rest, { copies }, leave).map(({ reservation, signal }) => [reservation.id, signal]));
    return {
      whole: whole.map(({ reservation, signal }) => [reservation.id, signal]),
      resumed: whole.map(({ reservation: { id } }) => [id, done.get(id) ?? resumed.get(id)]),
    };
  });

  assert.deepEqual(
    runs.map(({ resumed }) => resumed),
    runs.map(({ whole }) => whole),
  );
});

test("what the policy refuses is rejected in its words, and so is what nothing here can do", () => {
  const verdict = (answer: PlacementAnswer) =>
    choose([aCandidate("a", { access: "read" })], { copies: 1 }, () => answer).map(({ signal, reason }) => [
      signal,
      reason,
    ]);

  assert.deepEqual(verdict({ decision: "refuse", reason: "it is secret" }), [["reject", "it is secret"]]);
  assert.deepEqual(verdict({ decision: "mount", reason: "" }), [["reject", "the policy would mount it: "]]);
  assert.deepEqual(verdict({ decision: "move", reason: "" }), [
    ["reject", "it cannot be moved: nothing may be taken away where it lies"],
  ]);
});

test("an instance follows what stands in its place, and a copy what it was made of", () => {
  const available = { state: "available", hash: "h" } as const;
  const changed = { state: "available", hash: "other" } as const;
  const gone = { state: "unavailable", hash: "h" } as const;
  const after = (state: "placing" | "ready" | "stale" | "lost" | "removed", decision: "leave" | "copy") =>
    [available, changed, gone, undefined].map(
      (held) => due({ state, hash: "h", decision, cause: "" }, held, available)?.signal ?? "-",
    );

  assert.deepEqual(after("ready", "leave"), ["-", "age", "lose", "lose"]);
  assert.deepEqual(after("ready", "copy"), ["-", "lose", "lose", "lose"]);
  assert.deepEqual(after("stale", "leave"), ["place", "-", "lose", "lose"]);
  assert.deepEqual(after("lost", "leave"), ["place", "age", "-", "-"]);
  assert.deepEqual(after("placing", "copy"), ["-", "-", "-", "-"]);
  assert.deepEqual(after("removed", "copy"), ["-", "-", "-", "-"]);
  const copy = { state: "ready", hash: "h", decision: "copy", cause: "" } as const;
  assert.equal(due(copy, available, changed)?.signal, "age");
  assert.equal(due(copy, available, undefined), undefined);
  assert.deepEqual(due(copy, changed, available), { signal: "lose", cause: DAMAGED });
  assert.deepEqual(due({ ...copy, state: "lost", cause: DAMAGED }, gone, available), { cause: AWAY });
});
