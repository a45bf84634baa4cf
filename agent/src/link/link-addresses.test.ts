import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "@edgemere/protocol/kit";
import { ScriptedControlPlane } from "./control-plane.test-support.ts";
import { aLink } from "./link.test-support.ts";
import { ConnectError } from "./transport.ts";

const [one, two, three] = ["mqtts://one.test:8883", "mqtts://two.test:8883", "mqtts://three.test:8883"];
const addresses = [one, two];
const nobody = new ConnectError("unreachable", "nobody is there");

test("a device whose preferred address is dead is connected by the next one without a pause", async () => {
  const { link, centre, clock } = await aLink({ addresses });
  centre.away = (address) => (address === one ? nobody : undefined);
  link.start();
  await clock.advance(1);

  assert.deepEqual(centre.tried, [one, two]);
  assert.equal(link.isConnected, true);
  assert.equal(link.status().address, two);
  await link[Symbol.asyncDispose]();
});

test("a session that is lost is looked for where it was, and a control plane that moved is found", async () => {
  const { link, centre, clock } = await aLink({ addresses });
  centre.away = (address) => (address === one ? nobody : undefined);
  link.start();
  await clock.advance(SECOND);
  centre.lose();
  await clock.advance(5 * SECOND);
  assert.deepEqual(centre.tried, [one, two, two]);

  centre.away = (address) => (address === two ? nobody : undefined);
  centre.lose();
  await clock.advance(5 * SECOND);
  assert.deepEqual(centre.tried, [one, two, two, two, one]);
  assert.equal(link.status().address, one);
  await link[Symbol.asyncDispose]();
});

test("an address where a broker answers and no control plane does not keep a device from the next one", async () => {
  const { link, centre, clock } = await aLink({ addresses });
  centre.answersHello = false;
  link.start();
  await clock.advance(20 * SECOND);
  assert.deepEqual(centre.tried, [one]);

  centre.answersHello = true;
  await clock.advance(20 * SECOND);
  assert.deepEqual(centre.tried, [one, two]);
  assert.equal(link.isConnected, true);
  await link[Symbol.asyncDispose]();
});

test("no address of several hears more of a device than one that is the only one", async () => {
  const only = await aLink({ addresses: [one] });
  const several = await aLink({ addresses });
  for (const { link, centre, clock } of [only, several]) {
    centre.refusal = nobody;
    link.start();
    await clock.advance(30 * MINUTE);
    await link[Symbol.asyncDispose]();
  }

  assert.ok(only.centre.tried.length > 20);
  for (const address of addresses)
    assert.equal(several.centre.tried.filter((each) => each === address).length, only.centre.tried.length);
});

test("addresses that the control plane tells are kept, and used when the one in use is dead", async () => {
  const { link, centre, clock, kept } = await aLink({ addresses });
  centre.head = () => ({ brokerAddresses: [three, one] });
  link.start();
  await clock.advance(SECOND);
  centre.saySync(1);
  await clock.advance(SECOND);
  assert.deepEqual(kept, [[three, one]]);

  centre.away = (address) => (address === three ? undefined : nobody);
  centre.lose();
  await clock.advance(5 * SECOND);
  assert.equal(link.status().address, three);
  assert.equal(link.isConnected, true);
  await link[Symbol.asyncDispose]();
});

test("addresses that somebody wrote by mistake do not take away the one that works", async () => {
  const { link, centre, clock, kept } = await aLink({ addresses });
  centre.head = () => ({ brokerAddresses: [three] });
  centre.away = (address) => (address === one ? undefined : nobody);
  link.start();
  await clock.advance(SECOND);
  centre.lose();
  await clock.advance(5 * SECOND);

  assert.deepEqual(kept, [[three, one]]);
  assert.equal(link.isConnected, true);
  await link[Symbol.asyncDispose]();
});

test("a Sync that nobody has signed changes no address", async () => {
  const centre = new ScriptedControlPlane();
  const { link, clock, kept } = await aLink({ addresses, centre });
  centre.sync = () => ({ head: { payload: new Uint8Array(3), payloadType: "x", signatures: [] } });
  link.start();
  await clock.advance(SECOND);

  assert.deepEqual(kept, []);
  await link[Symbol.asyncDispose]();
});

test("an address that was set is the only one that is tried, and those that are told hold again without it", async () => {
  const { link, centre, clock, kept } = await aLink({ addresses });
  centre.head = () => ({ brokerAddresses: [two] });
  link.start();
  await clock.advance(SECOND);
  assert.deepEqual(kept, [[two, one]]);

  link.lead([three]);
  centre.away = (address) => (address === three ? nobody : undefined);
  link.comeBack("it was led elsewhere", { atOnce: true });
  await clock.advance(10 * MINUTE);
  assert.deepEqual([...new Set(centre.tried.slice(1))], [three]);
  assert.equal(link.isConnected, false);

  link.lead(undefined);
  link.comeBack("it is led back", { atOnce: true });
  await clock.advance(SECOND);
  assert.deepEqual([centre.tried.at(-1), link.isConnected], [two, true]);
  await link[Symbol.asyncDispose]();
});
