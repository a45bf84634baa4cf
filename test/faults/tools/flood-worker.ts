import assert from "node:assert/strict";
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { HOUR } from "@edgemere/protocol/kit";
import { anHour, enormousHour, HostileChild, longHours, type ToldHour } from "../../world/hostile-child.ts";
import type { Flooded, Flooding } from "./flood.ts";

/** Of the enormous sketches of one hour. */
const SERIES = 10;

/** Where what it says is refused, one kind after the other. */
function hostile(round: number): readonly (readonly ToldHour[])[] {
  const hour = anHour({ device: `d${round}` });
  const far = (1 + Math.floor(Date.now() / HOUR)) * HOUR + 24 * HOUR;
  const enormous = enormousHour(SERIES);
  return [
    [
      anHour({ origin: "another" }),
      anHour({ hour: far }),
      anHour({ windows: Buffer.alloc(1_000, round).toString("base64") }),
    ],
    Array.from({ length: 40 }, () => anHour({ windows: enormous })),
    Array.from({ length: 200 }, () => hour),
    Array.from({ length: 200 }, (_, device) => anHour({ device: `d${round}-${device}` })),
    // Together more than there is room for.
    ...["", "-0", "-1"].flatMap((which) => [0, 80].map((ago) => longHours(ago, { device: `d${round}${which}` }))),
  ];
}

const { round, ...access } = workerData as Flooding;
const evil = new HostileChild(access);
const kinds = hostile(round).map((reports) =>
  reports.map((each) => (each.origin === "another" ? each : { ...each, origin: `evil-${round}` })),
);
assert.ok(parentPort !== null);
parentPort.postMessage("ready", []);
await once(parentPort, "message");
const over = new AbortController();
parentPort.once("message", () => over.abort());
let [told, sentAway] = [0, 0];
while (!over.signal.aborted || told < kinds.length) {
  const { status } = await evil.tell(kinds[told++ % kinds.length] ?? []);
  if (status === 429) sentAway++;
  else assert.equal(status, 200);
}
parentPort.postMessage({ told, sentAway } satisfies Flooded, []);
