import assert from "node:assert/strict";
import { test } from "node:test";
import { isInTrouble } from "./trouble.ts";

const well = { state: "active", presence: "online", presenceAt: 0 } as const;
const alert = (at: number) => ({ at, reason: "clock-wrong", detail: "" });

for (const [about, over, expected] of [
  ["is online and well", {}, false],
  ["went dark afterwards", { presence: "offline", presenceAt: 200 }, true],
  ["fell silent afterwards", { presence: "silent", presenceAt: 100 }, true],
  ["flaps since then", { presence: "flapping", presenceAt: 150 }, true],
  ["was dark before", { presence: "offline", presenceAt: 99 }, false],
  ["came back afterwards", { presence: "online", presenceAt: 200 }, false],
  ["is in quarantine", { state: "quarantined" }, true],
  ["has a condition", { conditions: ["disk-full"] }, true],
  ["has no condition any more", { conditions: [] }, false],
  ["gave an alert afterwards", { alert: alert(100) }, true],
  ["gave an alert before", { alert: alert(99) }, false],
] as const)
  test(`a device that ${about} is ${expected ? "" : "not "}in trouble since then`, () => {
    assert.equal(
      isInTrouble({ ...well, ...over, conditions: [...("conditions" in over ? over.conditions : [])] }, 100),
      expected,
    );
  });
