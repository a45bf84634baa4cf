import assert from "node:assert/strict";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { IClientOptions, MqttClient } from "mqtt";
import { ManualClock } from "@edgemere/protocol/simulated";
import { DAY, systemClock } from "@edgemere/protocol/kit";
import type { Admit } from "./broker.ts";
import { startedBroker } from "./broker.test-support.ts";

const versions = ["TLSv1.2", "TLSv1.3"] as const;
const socketOf = (client: MqttClient) => client.stream as unknown as TLSSocket;

/** What a device needs to resume the session of a connection that it has ended. */
async function endedSession(client: MqttClient): Promise<IClientOptions> {
  const session = socketOf(client).getSession();
  await client.endAsync();
  return { session } as IClientOptions;
}

for (const version of versions) {
  const only = { minVersion: version, maxVersion: version };

  test(`a device resumes its ${version} session, also after a restart, and is who its certificate said`, async () => {
    const before = await startedBroker();
    const identity = { ...(await before.identify("gw1")), ...only };
    const session = await endedSession(await before.connect("gw1", identity));
    const again = await before.connect("gw1", { ...identity, ...session });
    const [isReused, next] = [socketOf(again).isSessionReused(), await endedSession(again)];
    await before[Symbol.asyncDispose]();
    const serials: (string | undefined)[] = [];
    const admit: Admit = async (_, serial) => {
      serials.push(serial);
      return { kind: "admitted" };
    };
    await using world = await startedBroker({ authority: before.authority, admit });

    const client = await world.connect("gw1", { ...identity, ...next });

    assert.deepEqual([isReused, socketOf(client).isSessionReused()], [true, true]);
    assert.match(serials[0] ?? "", /^[0-9a-f]{16,}$/);
    await client.endAsync();
  });

  test(`a device whose certificate was replaced or that was retired is refused when it resumes over ${version}, too`, async () => {
    let isWelcome = true;
    await using world = await startedBroker({
      admit: async () => (isWelcome ? { kind: "admitted" } : { kind: "refused", why: "the certificate was replaced" }),
    });
    const identity = { ...(await world.identify("gw1")), ...only };
    const session = await endedSession(await world.connect("gw1", identity));
    isWelcome = false;

    await assert.rejects(world.connect("gw1", { ...identity, ...session }), /Not authorized/);
  });

  test(`a device does not become another by resuming its own ${version} session`, async () => {
    await using world = await startedBroker();
    const identity = { ...(await world.identify("gw1")), ...only };
    const session = await endedSession(await world.connect("gw1", identity));

    await assert.rejects(world.connect("gw2", { ...identity, ...session, clientId: "gw2" }), /Identifier rejected/);
  });

  test(`a certificate that has expired is refused when the device resumes over ${version}, too`, async () => {
    const before = await startedBroker();
    const identity = { ...(await before.identify("gw1")), ...only };
    const session = await endedSession(await before.connect("gw1", identity));
    await before[Symbol.asyncDispose]();
    const clock = new ManualClock(systemClock.now() + 181 * DAY);
    await using world = await startedBroker({ authority: before.authority, clock });

    await assert.rejects(world.connect("gw1", { ...identity, ...session }), /Not authorized/);
  });
}
