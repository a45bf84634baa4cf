import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { startMosquitto, type ForeignBroker, type MosquittoSetting } from "./brokers.ts";
import { freePorts } from "./free-ports.ts";
import { Program } from "./program.ts";
import type { World } from "./world.ts";

/** Where the devices of a world are, in place of its own broker. Must end after the agents, and so be made after the world. */
export interface Brokered extends AsyncDisposable {
  readonly broker: ForeignBroker;
  readonly url: string;
  /** What the control plane is started with. */
  readonly flags: readonly string[];
  /** With other access rules when they are given. */
  restart(accessRules?: string): Promise<void>;
  /** What it kept of its clients, if it keeps anything. Not while it runs. */
  forget(): Promise<void>;
}

/** Starts a world's control plane anew on a Mosquitto that is set up as deploy/mosquitto/README.md says. */
export async function onMosquitto(world: World, setting: MosquittoSetting = {}): Promise<Brokered> {
  const { mqtt: port } = await freePorts();
  const folder = await certified(world);
  let broker = await startMosquitto(folder, port, setting);
  const flags = ["--broker", urlOf(port)];
  try {
    await world.controlPlane.kill();
    const { ports } = await world.controlPlane.start({ flags });
    assert.equal(ports.mqtt, port);
  } catch (error) {
    await broker.kill();
    throw error;
  }
  return {
    get broker() {
      return broker;
    },
    url: urlOf(port),
    flags,
    restart: async (accessRules) => {
      broker = await startMosquitto(folder, port, accessRules === undefined ? setting : { ...setting, accessRules });
    },
    forget: () => rm(join(folder, "mosquitto.db"), { force: true }),
    [Symbol.asyncDispose]: () => broker.kill(),
  };
}

/** A folder with what a broker needs to be taken for the control plane's. */
export async function certified({ folder, controlPlane }: World): Promise<string> {
  const own = join(folder, "broker");
  const program = new Program({
    script: "control-plane/bin/edgemere-control-plane.js",
    args: ["broker-certificate", own, "--data", controlPlane.dataFolder],
  });
  assert.equal(await program.ended(), 0, program.output);
  return own;
}

export const urlOf = (port: number) => `mqtts://127.0.0.1:${port}`;
