import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, privateKeyFromSeed } from "@edgemere/protocol";
import { silentLog } from "@edgemere/protocol/kit";
import { ManualClock } from "@edgemere/protocol/simulated";
import { memoryDatabase } from "../platform/database.ts";
import { feature, type SessionNews } from "../platform/feature.ts";
import { Store } from "../platform/store.ts";
import { Link } from "./link.ts";

const device = "device-1";

const key = { keyId: "test", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };

/** A link whose only feature writes down what it is told of sessions. */
async function aLink() {
  const clock = new ManualClock();
  const news: SessionNews[] = [];
  const sessions = async (each: SessionNews) => {
    news.push(each);
    return [];
  };
  const link = new Link({
    store: await Store.open(memoryDatabase(), clock),
    clock,
    log: silentLog,
    features: [feature<object>({ name: "listener", resources: [], actions: [], sessions })],
    context: {},
    signer: { keysFor: () => [key], keyringVersion: 1, keyringsAfter: () => [] },
  });
  const hello = (sessionEpoch: number) => {
    const message = { bootId: "boot-1", sessionEpoch, agentVersion: "0.1.0" };
    const { topic, payload } = pack("hello", { device }, message);
    return link.arrived(device, topic, payload, "192.0.2.1");
  };
  return { link, news, hello };
}

test("a Hello that was on its way since an earlier connection changes nothing", async () => {
  const { link, news, hello } = await aLink();
  await hello(2);

  await hello(1);

  assert.equal(link.session(device)?.epoch, 2);
  assert.deepEqual(
    news.map(({ epoch }) => epoch),
    [2],
  );
});

test("a device whose session numbers went back is heard on its next connection", async () => {
  const { link, hello } = await aLink();
  await hello(2);
  link.dropped(device);

  await hello(1);

  assert.equal(link.session(device)?.epoch, 1);
});
