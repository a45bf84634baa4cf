import assert from "node:assert/strict";
import { test } from "node:test";
import { isOldNews, restored, type Known } from "./restored.ts";

const known = (over: Partial<Known> = {}): Known => ({
  last: { id: "d1", epoch: 7, bootId: "boot-1", saidAt: 500, saidWallAt: 9_000 },
  watermarks: [
    { stream: "event", upTo: 20 },
    { stream: "telemetry", upTo: 400 },
  ],
  isSameConnection: false,
  ...over,
});
interface Said {
  readonly epoch?: number;
  readonly bootId?: string;
  readonly event?: number;
  readonly telemetry?: number;
  readonly contradictedStreams?: readonly string[];
}
const aHello = (over: Said = {}) => {
  const { epoch = 8, bootId = "boot-1", event = 25, telemetry = 401, contradictedStreams = [] } = over;
  return {
    sessionEpoch: epoch,
    bootId,
    contradictedStreams,
    streams: [
      { stream: "event", firstUnacknowledged: 21, next: event },
      { stream: "telemetry", firstUnacknowledged: 401, next: telemetry },
      { stream: "of a newer agent", next: 1 },
    ],
  };
};

for (const [what, hello, about] of [
  ["comes back", aHello(), known()],
  ["comes back after a reboot", aHello({ bootId: "boot-2" }), known()],
  ["has used no number since", aHello({ event: 21, telemetry: 401 }), known()],
  ["missed many sessions", aHello({ epoch: 90 }), known()],
  ["is here for the first time", aHello({ epoch: 1 }), known({ last: undefined, watermarks: [] })],
  ["says hello again on the same connection", aHello({ epoch: 7 }), known({ isSameConnection: true })],
  [
    "says hello again on the same connection, and was overtaken by what it sent after that",
    aHello({ epoch: 7, event: 20, telemetry: 400 }),
    known({ isSameConnection: true }),
  ],
  ["could not write down its session's number on a full disk", aHello({ epoch: 3 }), known()],
  ["contradicts a stream that nobody knows", aHello({ contradictedStreams: ["of a newer agent"] }), known()],
  ["says nothing of its streams", { ...aHello(), streams: [] }, known()],
  ["has lost what was acknowledged to it, and so has a restored control plane", aHello({ event: 90 }), known()],
] as const)
  test(`a device that ${what} is not doubted`, () => {
    assert.equal(restored(hello, about), undefined);
  });

for (const [what, hello, about, reason] of [
  ["would number a record a second time", aHello({ telemetry: 400 }), known(), /telemetry is 400, and 400 are stored/],
  [
    "would number a record a second time in the session of that number, on another connection",
    aHello({ epoch: 7, telemetry: 400 }),
    known(),
    /telemetry is 400, and 400 are stored/,
  ],
  ["starts again from nothing", aHello({ event: 1, telemetry: 1, bootId: "boot-2" }), known(), /event is 1/],
  ["repeats a session's number in another boot", aHello({ epoch: 7, bootId: "boot-2" }), known(), /7, after 7/],
  ["goes back to an earlier session in another boot", aHello({ epoch: 2, bootId: "boot-2" }), known(), /2, after 7/],
  [
    "has other records than are stored, on the connection on which it learned that,",
    aHello({ epoch: 7, contradictedStreams: ["telemetry"] }),
    known({ isSameConnection: true }),
    /other records of the stream telemetry/,
  ],
  [
    "is an old copy of a virtual machine with its memory",
    aHello({ epoch: 2, event: 3, telemetry: 200 }),
    known(),
    /event is 3, and 20 are stored/,
  ],
] as const)
  test(`a device that ${what} is doubted, with the reason`, () => {
    assert.match(restored(hello, about)?.reason ?? "", reason);
  });

const last = { id: "d1", epoch: 7, bootId: "boot-1", saidAt: 500, saidWallAt: 9_000 };
for (const [about, sessionEpoch, bootId, monotonicMs, wallMs, isOld] of [
  ["the same once more", 7, "boot-1", 500, 9_000, true],
  ["an earlier one of the same session", 7, "boot-1", 20, 8_520, true],
  ["a later one of the same session", 7, "boot-1", 501, 9_001, false],
  ["a later one, after the clock was set back", 7, "boot-1", 501, 4_000, false],
  ["one of an agent that was started anew and could not write its number down", 7, "boot-1", 20, 9_900, false],
  ["one of an earlier session of the same boot, that was under way for long", 5, "boot-1", 700, 8_000, true],
  ["one of an agent that lost its number on a full disk and was started anew", 5, "boot-1", 20, 9_900, false],
  ["one of an earlier session that tells no time", 5, "boot-1", 0, 0, false],
  ["one of the next session", 8, "boot-1", 20, 9_900, false],
  ["one of another boot", 7, "boot-2", 20, 9_000, false],
  ["one that tells no time", 7, "boot-1", 0, 0, false],
] as const) {
  test(`a Hello that is ${about} is ${isOld ? "old news" : "news"}`, () => {
    assert.equal(isOldNews({ bootId, sessionEpoch, time: { monotonicMs, wallMs } }, last), isOld);
    assert.equal(isOldNews({ bootId, sessionEpoch, time: { monotonicMs, wallMs } }, undefined), false);
  });
}
