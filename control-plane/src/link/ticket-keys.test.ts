import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "@edgemere/protocol/kit";
import { ManualClock, seededRandom, SimulatedDisk } from "@edgemere/protocol/simulated";
import { TICKET_LIFE } from "../platform/tls-policy.ts";
import { currentTicketKeys } from "./ticket-keys.ts";

const parts = () => ({ disk: new SimulatedDisk(), clock: new ManualClock(100 * DAY), random: seededRandom(3) });

test("session ticket keys outlive a restart, and are made anew when they are a week old", async () => {
  const world = parts();
  const first = await currentTicketKeys("keys", world);
  await world.clock.advance(TICKET_LIFE - 1);
  const same = await currentTicketKeys("keys", world);
  await world.clock.advance(1);

  const fresh = await currentTicketKeys("keys", world);

  assert.equal(first.length, 48);
  assert.deepEqual(same, first);
  assert.notDeepEqual(fresh, first);
  assert.deepEqual(await currentTicketKeys("keys", world), fresh);
});

for (const [what, content] of [
  ["of an earlier version", Buffer.alloc(48, 1)],
  ["that is torn", Buffer.alloc(7)],
  ["from the future", Buffer.concat([Buffer.alloc(48, 1), Buffer.from("00ffffffffffffff", "hex")])],
] as const)
  test(`a file ${what} is replaced`, async () => {
    const world = parts();
    await world.disk.write("keys", content);

    const keys = await currentTicketKeys("keys", world);

    assert.notDeepEqual(keys, Buffer.alloc(48, 1));
    assert.deepEqual(await currentTicketKeys("keys", world), keys);
  });
