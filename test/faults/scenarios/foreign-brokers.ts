import assert from "node:assert/strict";
import { loadIdentity } from "@edgemere/agent";
import { nodeDisk } from "@edgemere/protocol/kit";
import { certified, onMosquitto, urlOf, type Brokered } from "../../world/brokered.ts";
import { startNats, type MosquittoSetting } from "../../world/brokers.ts";
import { eventually } from "../../world/world.ts";
import { BareFlow } from "../baseline/bare-flow.ts";
import { PoweredNats } from "../powered-nats.ts";
import type { Context, Scenario } from "../scenario.ts";
import { cuttableDisk } from "../tools/disks.ts";
import { Trial } from "../trial.ts";
import { moment, restarted } from "./kills.ts";

/** A trial whose device is at somebody else's broker. */
export async function brokered(context: Context, setting: MosquittoSetting) {
  const made: Brokered[] = [];
  const trial = await Trial.start(context, {
    prepare: async (world) => {
      made.push(context.own(await onMosquitto(world, setting)));
      return world;
    },
  });
  const [broker] = made;
  assert.ok(broker);
  return { trial, broker };
}

const brokerKilled = (setting: MosquittoSetting) => async (context: Context) => {
  const { trial, broker } = await brokered(context, setting);
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await moment(context);
    await trial.observe();
    await broker.broker.kill();
    await trial.giveWork();
    if (round % 2 === 1) await broker.forget();
    const since = Date.now();
    await broker.restart();
    await trial.recovered(since);
    await restarted(trial);
    await trial.recovered();
  }
  await trial.settle();
};

/** Its rules let a device speak and not hear. */
async function refusesSubscription(context: Context): Promise<void> {
  const trial = await Trial.start(context);
  const { controlPlane, client } = trial.world;
  const { mqtt: port } = controlPlane.ready.ports;
  const folder = await certified(trial.world);
  await controlPlane.stop();
  const start = async (lets: "hear" | "only speak") =>
    context.own(await startNats(folder, port, [trial.device], { lets }));
  let broker = await start("hear");
  await controlPlane.start({ flags: ["--broker", urlOf(port)] });
  const conditions = async () => (await client.call("cpl/dm/device/find", { device: "gw1" })).conditions ?? [];
  for (let round = 0; round < context.rounds; round++) {
    await broker.kill();
    broker = await start("only speak");
    await restarted(trial);
    await trial.giveWork();
    await trial.told(() => trial.agent.said(/the broker does not let this device hear/));
    await trial.told(() =>
      eventually(async () => (await conditions()).includes("cannot-receive"), "it not to look well").then(
        () => undefined,
      ),
    );
    await broker.kill();
    broker = await start("hear");
    const since = Date.now();
    await restarted(trial);
    await trial.recovered(since);
    await eventually(async () => !(await conditions()).includes("cannot-receive"), "it to look well again");
  }
  await trial.settle();
}

/** What JetStream keeps is on a disk that loses power, and the broker with it. */
async function brokerLosesPower(context: Context): Promise<void> {
  const disk = context.own(await cuttableDisk(context.folder));
  const trial = await Trial.start(context);
  const { controlPlane } = trial.world;
  const { mqtt: port } = controlPlane.ready.ports;
  const folder = await certified(trial.world);
  const nats = context.own(new PoweredNats(disk, (store) => startNats(folder, port, [trial.device], { store })));
  await controlPlane.stop();
  await nats.start();
  await controlPlane.start({ flags: ["--broker", urlOf(port)] });
  await restarted(trial);
  await trial.recovered();
  for (let round = 0; round < context.rounds; round++) {
    await trial.giveWork();
    await moment(context);
    await trial.observe();
    await nats.losePower();
    const since = Date.now();
    await nats.start();
    await trial.recovered(since);
    await restarted(trial);
    await trial.recovered();
  }
  const identity = await loadIdentity(nodeDisk(trial.agent.dataFolder));
  assert.ok(identity);
  await trial.settle();
  await nats.kill();

  const lets = "hear itself";
  const bare = context.own(
    new PoweredNats(disk, (store) => startNats(folder, port, [identity.device], { store, lets }), "bare"),
  );
  const flow = new BareFlow(identity, urlOf(port));
  for (let round = 0; round < context.rounds; round++) {
    await bare.start();
    await flow.send(() => moment(context));
    await bare.losePower();
    await bare.start();
    await flow.receive();
    await bare.kill();
  }
  context.recorder.baseline(`NATS alone: ${flow.told()}${bare.told()}`);
}

export const foreignBrokers: readonly Scenario[] = [
  {
    id: "F41",
    title: "external Mosquitto killed, restarted, restarted empty",
    layer: 4,
    needs: ["mosquitto"],
    rounds: { short: 2, full: 50 },
    run: brokerKilled({ keeps: true }),
  },
  {
    id: "F42",
    title: "external Mosquitto that keeps nothing, killed and restarted",
    layer: 4,
    needs: ["mosquitto"],
    rounds: { short: 2, full: 50 },
    run: brokerKilled({}),
  },
  {
    id: "F46",
    title: "external broker that refuses a subscription",
    layer: 4,
    needs: ["nats"],
    rounds: { short: 1, full: 5 },
    run: refusesSubscription,
  },
  {
    id: "F48",
    title: "power cut of an external NATS with JetStream",
    layer: 4,
    needs: ["root", "loop", "nats"],
    rounds: { short: 2, full: 50 },
    run: brokerLosesPower,
  },
];
