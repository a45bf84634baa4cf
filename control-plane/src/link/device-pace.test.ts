import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { DevicePaces } from "./device-pace.ts";

const MIB = 1024 * 1024;

test("a device that comes anew gets no new allowance, and another has its own", () => {
  const paces = new DevicePaces(() => false);
  assert.equal(paces.of("d1")({ bytes: 8 * MIB, packets: 1 }, 0), 0);

  assert.equal(paces.of("d1")({ bytes: MIB, packets: 1 }, 0), SECOND);
  assert.equal(paces.of("d2")({ bytes: MIB, packets: 1 }, 0), 0);
});

test("a backlog at the agent's pace is never held up", () => {
  const pace = new DevicePaces(() => false).of("d1");

  // 256 KiB a second in the smallest batches, with the acknowledgements that come back.
  for (let second = 0; second < 3_600; second++)
    assert.equal(pace({ bytes: 300 * 1024, packets: 80 }, second * SECOND), 0);
});

test("a device that is held back is read at a trickle, and as before when it is pardoned", () => {
  let isHeld = true;
  const pace = new DevicePaces(() => isHeld).of("d1");
  assert.equal(pace({ bytes: 100, packets: 20 }, 0), 0);

  assert.equal(pace({ bytes: 100, packets: 5 }, 0), SECOND);
  assert.equal(pace({ bytes: MIB, packets: 1 }, 0), 30 * SECOND);
  isHeld = false;
  assert.equal(pace({ bytes: 100, packets: 5 }, MINUTE), 0);
});

test("ten thousand packets in one piece hold a device up for half a minute and no longer", () => {
  const pace = new DevicePaces(() => false).of("d1");

  assert.equal(pace({ bytes: 64 * 1024, packets: 32 * 1024 }, 0), 30 * SECOND);
});
