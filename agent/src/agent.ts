import type { Env } from "@edgemere/protocol/kit";
import { openCommands } from "./commands/executor.ts";
import type { AgentConfig } from "./config.ts";
import { DataSources } from "./data/sources.ts";
import { markCleanExit, takeExitReason } from "./exit-marker.ts";
import type { Host } from "./host/host.ts";
import { keyFinder, type Identity } from "./link/identity.ts";
import { Link } from "./link/link.ts";
import { ServerTime } from "./link/server-time.ts";
import { Spool } from "./link/spool/spool.ts";
import type { Transport } from "./link/transport.ts";
import { Inventory } from "./telemetry/inventory.ts";
import { Sampler } from "./telemetry/sampler.ts";
import { AGENT_VERSION } from "./version.ts";

export interface AgentParts {
  readonly env: Env;
  readonly host: Host;
  readonly transport: Transport;
  readonly identity: Identity;
  readonly config: AgentConfig;
}

/** A running agent. Disposing of it says goodbye and leaves everything durable. */
export interface Agent extends AsyncDisposable {
  /** Resolves when the duties run; the connection comes and goes by itself. */
  start(): Promise<void>;
  readonly isConnected: boolean;
  /** For whoever looks at many agents at once. */
  status(): AgentStatus;
}

export interface AgentStatus {
  readonly isConnected: boolean;
  /** Number of the newest session; connections ever made, if none was lost. */
  readonly sessionEpoch: number;
  readonly spoolBytes: number;
  /** Records that are kept and not yet acknowledged. */
  readonly unacknowledged: number;
  /** Samples since the start. */
  readonly sampled: number;
  readonly openCommands: number;
}

/** Wires the parts. Reads what a former run left on the disk; nothing runs before `start`. */
export async function createAgent({ env, host, transport, identity, config }: AgentParts): Promise<Agent> {
  const spool = await Spool.open({ env, maxBytes: config.spool.maxBytes });
  const time = new ServerTime(env.clock);
  const findKey = keyFinder(identity.keyring);
  const duty = { env, host, outbox: spool, config };
  const sampler = new Sampler(duty);
  const inventory = new Inventory(duty);
  const dataSources = new DataSources(duty);
  const commands = await openCommands({
    ...duty,
    identity,
    findKey,
    correctedNow: () => time.now(),
    refreshInventory: () => inventory.refresh(),
  });
  const introduction = {
    bootId: await host.bootId(),
    agentVersion: AGENT_VERSION,
    capabilities: [],
    lastExitReason: await takeExitReason(env.disk),
    keyringVersion: identity.keyring.version,
  };
  const { device } = identity;
  const link = new Link({ env, device, transport, spool, duty: commands, findKey, time, introduction });

  return {
    start: async () => {
      sampler.start();
      inventory.start();
      dataSources.start();
      await commands.start();
      link.start();
    },
    get isConnected() {
      return link.isConnected;
    },
    status: () => ({
      isConnected: link.isConnected,
      sessionEpoch: link.epoch,
      spoolBytes: spool.bytes,
      unacknowledged: spool.unacknowledged,
      sampled: sampler.sampled,
      openCommands: commands.status().open.length,
    }),
    [Symbol.asyncDispose]: async () => {
      // First those who have something to say, then the way it takes, then the place where it waits.
      for (const each of [sampler, inventory, dataSources, commands, link]) await each[Symbol.asyncDispose]();
      await spool.close();
      await markCleanExit(env.disk);
    },
  };
}
