import {
  AGENT_VERSION,
  createAgent,
  enrol,
  IdentitySlots,
  loadIdentity,
  mqttTransport,
  Settings,
} from "@edgemere/agent";
import type { Agent, AgentConfig, AgentStatus, Identity } from "@edgemere/agent";
import { MINUTE } from "@edgemere/protocol/kit";
import type { Env } from "@edgemere/protocol/kit";
import type { FakeHost } from "./fake-host/fake-host.ts";
import { configOver } from "./settings.ts";

const KEEPALIVE = MINUTE;

/** A real agent on a fake host. */
export interface SimulatedDevice extends AsyncDisposable {
  readonly name: string;
  readonly host: FakeHost;
  readonly identity: Identity;
  /** What the agent says of itself; undefined while it does not run. */
  status(): AgentStatus | undefined;
  /** Starts the agent; one that runs goes on. */
  start(): Promise<void>;
  /** Stops the agent with a goodbye. What it had not delivered stays on its disk. */
  stop(): Promise<void>;
}

export interface DeviceParts {
  readonly env: Env;
  readonly host: FakeHost;
  readonly config: AgentConfig;
  /** Needed unless the disk holds an identity. */
  readonly token?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A device that is enrolled and does not run yet. */
export async function simulatedDevice({
  env,
  host,
  config,
  token,
  labels,
  signal,
}: DeviceParts): Promise<SimulatedDevice> {
  const identity = (await loadIdentity(env.disk)) ?? (await enrolHost());
  let agent: Agent | undefined;
  let isWanted = false;
  host.onReboot = () => void startAnew();

  return {
    name: identity.name,
    host,
    identity,
    status: () => agent?.status(),
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };

  async function start(): Promise<void> {
    isWanted = true;
    if (agent !== undefined) return;
    // Renewed since it was looked at first.
    const newest = (await loadIdentity(env.disk)) ?? identity;
    const slots = await IdentitySlots.open(env.disk, newest);
    const settings = await Settings.open(env, (over) => configOver(config, over));
    const keepalive = () => settings.config.keepalive ?? KEEPALIVE;
    const transport = mqttTransport({ identity: newest, slots, keepalive, clock: env.clock });
    agent = await createAgent({ env, host, identity: newest, slots, config: settings.config, settings, transport });
    await agent.start();
  }

  function stop(): Promise<void> {
    isWanted = false;
    return end();
  }

  /** The host reboots: its agent ends, and comes back unless it is to stay away. */
  async function startAnew(): Promise<void> {
    try {
      await end();
      if (isWanted) await start();
    } catch (error) {
      env.log.error("the agent did not come back after a reboot", { device: identity.name, error });
    }
  }

  async function end(): Promise<void> {
    const stopped = agent;
    agent = undefined;
    await stopped?.[Symbol.asyncDispose]();
  }

  async function enrolHost(): Promise<Identity> {
    if (token === undefined)
      throw new Error(
        `${host.name} is not enrolled yet, and there is no token to enrol it with: make one with ` +
          `"edgemere cpl dm token create --uses N" and give it by --token-file or EDGEMERE_TOKEN`,
      );
    return enrol({
      token,
      env,
      name: host.name,
      machineId: await host.machineId(),
      agentVersion: AGENT_VERSION,
      onBusy: (busy) => env.log.warn("the control plane wants to be asked later", { device: host.name, ...busy }),
      ...(labels === undefined ? {} : { labels }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}
