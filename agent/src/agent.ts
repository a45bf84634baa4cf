import { SECOND, type Clock, type Env } from "@edgemere/protocol/kit";
import { DeviceClock } from "./clock/device-clock.ts";
import { ChangeGuard } from "./commands/changes/change-guard.ts";
import { Pace } from "./commands/files/pace.ts";
import { PartFiles } from "./commands/files/part-files.ts";
import { openCommands } from "./commands/executor.ts";
import { HostPolicy } from "./commands/host-policy.ts";
import { ReleaseUpgrade } from "./commands/release-upgrade.ts";
import { progressReport } from "./commands/report.ts";
import type { AgentConfig } from "./config.ts";
import { DataBudget } from "./data-budget.ts";
import { DataSources } from "./data/sources.ts";
import { ExitMarker } from "./exit-marker.ts";
import type { HostReleases } from "./host/host-releases.ts";
import type { Host, TelemetryReading } from "./host/host.ts";
import { AuditWitness } from "./link/audit-witness.ts";
import { DataMeter } from "./link/data-use.ts";
import type { ContentRoad } from "./link/content-road.ts";
import { post } from "./link/enrol-connection.ts";
import { httpsContentRoad } from "./link/https-content-road.ts";
import type { IdentitySlots } from "./link/identity-slots.ts";
import { messageKeyOf, saveIdentity, sealingKeyOf, type Identity } from "./link/identity.ts";
import type { LinkStatus } from "./link/link-status.ts";
import { Alerts } from "./link/alerts.ts";
import { Link } from "./link/link.ts";
import type { Outbox } from "./link/outbox.ts";
import { Renewal } from "./link/renewal.ts";
import { Replaceable } from "./replaceable.ts";
import { Spool } from "./link/spool/spool.ts";
import { TerminalRoad } from "./link/terminal-road.ts";
import { metered, type Transport } from "./link/transport.ts";
import { TrustedKeyring } from "./link/trusted-keyring.ts";
import { Arriving } from "./neighbours/arriving.ts";
import { hostThatGives } from "./neighbours/address.ts";
import { Giving } from "./neighbours/giving.ts";
import { httpsNeighbourRoad } from "./neighbours/taking.ts";
import { Mounts, showing } from "./mounts/mounts.ts";
import { DevicePolicies } from "./policies/device-policies.ts";
import { Inventory } from "./telemetry/inventory.ts";
import { extraSourcesOf } from "./telemetry/plan.ts";
import { Sampler } from "./telemetry/sampler.ts";
import type { Settings } from "./settings.ts";
import { AGENT_VERSION } from "./version.ts";

export interface AgentParts {
  readonly env: Env;
  readonly host: Host;
  readonly transport: Transport;
  readonly identity: Identity;
  /** Where the identity is kept and renewed; without them it stays as it is. */
  readonly slots?: IdentitySlots;
  readonly config: AgentConfig;
  /** What may be set from far away; nothing when absent. */
  readonly settings?: Pick<Settings<AgentConfig>, "change" | "over" | "listen" | "undoOf">;
  /** The way of content. Default: HTTPS to the control plane. */
  readonly content?: ContentRoad;
  /** Where a launcher watches over the agent: what it has of releases. */
  readonly releases?: HostReleases | undefined;
  /** The text of the host's own rules; undefined where there are none. Throws HostError when it cannot be used. Default: none. */
  readonly policy?: () => Promise<string | undefined>;
}

/** A running agent. Disposing of it says goodbye and leaves everything durable. */
export interface Agent extends AsyncDisposable {
  /** Resolves when the duties run; the connection comes and goes by itself. */
  start(): Promise<void>;
  readonly isConnected: boolean;
  /** Resolves when the control plane has said, signed, that this device belongs there no more, and its keys are gone. */
  readonly retired: Promise<void>;
  /** Resolves when another release is to run in its place. */
  readonly replaced: Promise<void>;
  /** For whoever looks at many agents at once. */
  status(): AgentStatus;
}

export interface AgentStatus extends LinkStatus {
  readonly isConnected: boolean;
  readonly spoolBytes: number;
  /** Records that are kept and not yet acknowledged. */
  readonly unacknowledged: number;
  /** Samples since the start. */
  readonly sampled: number;
  readonly openCommands: number;
}

// Whoever stops the agent kills it when it takes long: a large file may be left half hashed, what commands did may not.
const STOP_WITHIN = 6 * SECOND;

/** Wires the parts. Reads what a former run left on the disk; nothing runs before `start`. */
export async function createAgent(parts: AgentParts): Promise<Agent> {
  const { env, host, transport, identity, slots, config, policy, settings, releases } = parts;
  const bootId = await host.bootId();
  const marker = await ExitMarker.open(env, bootId);
  const time = await DeviceClock.open({ env, uptime: host.uptime });
  const clockPeriod = () => time.period;
  const spool = await Spool.open({ env, ...config.spool, clockPeriod });
  time.onDisagreement = (detail) => note(spool, "clock-disagrees", detail);
  const alerts = new Alerts(env, spool);
  const correctedNow = () => time.correctedNow();
  const keyring = await TrustedKeyring.open({
    ...env,
    enrolled: identity.keyring,
    trustDomain: identity.trustDomain,
    headEvery: config.headEvery,
    correctedNow,
    alert: (name, detail) => alerts.tell(name, detail),
  });
  const duty = { env, host, outbox: spool, config };
  const meter = await DataMeter.open({ ...env, now: correctedNow, isTimeKnown: () => time.offset !== undefined });
  const budget = new DataBudget(meter, config.dataBudget);
  const spooled = () => ({ metric: "agent.spool_bytes", instance: "", value: spool.bytes });
  const ownReadings = () => [spooled(), ...budget.readings()];
  const economy = () => budget.step();
  const own = { id: identity.device, agent_version: AGENT_VERSION };
  const policies = await DevicePolicies.open({ env, outbox: spool, own, correctedNow, clockPeriod });
  const observe = (readings: readonly TelemetryReading[]) => policies.observe(readings);
  const samplerFor = (now: AgentConfig) => {
    const extraSources = extraSourcesOf(now.telemetry, host, env);
    return new Sampler({ ...duty, config: now, clockPeriod, extraSources, ownReadings, economy, observe });
  };
  const sampling = new Replaceable(samplerFor(config));
  const measuring = { conditions: () => [...budget.conditions(), ...sampling.current.conditions()] };
  const { neighbours } = config;
  const inventory = new Inventory({ ...duty, host: neighbours ? hostThatGives(host, neighbours) : host });
  const terminals = new TerminalRoad();
  const changes = await ChangeGuard.open({ env, host, boot: bootId, settings });
  const whoIAm = { ...env, identity: () => slots?.current ?? identity, time: () => time.trustedTime() };
  const content =
    parts.content ??
    httpsContentRoad({
      ...whoIAm,
      moved: (bytes) => meter.moved(bytes),
    });
  const neighbourRoad = neighbours && httpsNeighbourRoad(whoIAm);
  const arriving = new Arriving(env.clock);
  const { transfers } = host;
  const pace = new Pace(config.bandwidth ?? { windows: [] }, env.clock, correctedNow);
  const files = {
    ...env,
    road: content,
    transfers,
    neighbours: neighbourRoad,
    lied: (from: string, detail: string) => alerts.tell("neighbour-lied", detail, `neighbour-lied ${from}`),
    pace,
    parts: new PartFiles(env),
    roots: config.fileRoots ?? [],
  };
  const about = { env, host: host.mounts, folder: config.mountFolder, device: identity.device, files };
  const mounts = await Mounts.open(about);
  const dataSources = new DataSources({ ...duty, config: { ...config, sources: showing(config.sources, mounts) } });
  const aboutPermits = { ...whoIAm, trust: keyring.trust, correctedNow, data: dataSources, arriving };
  const steady = (bytesPerSecond: number) =>
    new Pace({ windows: [{ from: 0, to: 0, bytesPerSecond }] }, env.clock, correctedNow);
  const giving =
    neighbours &&
    transfers &&
    new Giving({ ...aboutPermits, ...neighbours, transfers, pace: steady(neighbours.bytesPerSecond) });
  settings?.listen(async (now) => {
    pace.change(now.bandwidth ?? { windows: [] });
    link.lead(now.brokers);
    await sampling.replace(samplerFor(now));
  });
  let restart = () => {};
  const replaced = new Promise<void>((resolve) => (restart = resolve));
  const roundTrip = async (command: string, signal: AbortSignal) => {
    await spool.append("result", { commandReport: progressReport(command, "running") });
    const next = () => spool.position("result");
    const upTo = next().next;
    while (!signal.aborted && !(link.isConnected && next().firstUnacknowledged >= upTo))
      await env.clock.sleep(SECOND / 2, signal);
  };
  const trial = { clock: env.clock, releases, trust: keyring.trust, version: AGENT_VERSION, correctedNow };
  const upgrade = new ReleaseUpgrade({ ...trial, roundTrip, restart: () => restart() });
  const commands = await openCommands({
    ...duty,
    changes,
    upgrade,
    identity,
    settings,
    trust: keyring.trust,
    terminals,
    data: dataSources,
    arriving,
    policies,
    mounts,
    files,
    alerts,
    messageKey: messageKeyOf(identity),
    sealingKey: sealingKeyOf(identity),
    policy: new HostPolicy({ read: policy ?? (async () => undefined), alerts }),
    correctedNow,
    refreshInventory: () => inventory.refresh(),
    isConnected: () => link.isConnected,
    earlyDeaths: () => marker.safeModeDeaths,
  });
  const introduction = {
    bootId,
    agentVersion: AGENT_VERSION,
    capabilities: ["signed-results"],
    lastExitReason: marker.lastExit,
  };
  const { device, mqtt: addresses } = identity;
  const keepAddresses = (mqtt: readonly string[]) =>
    slots === undefined ? saveIdentity(env.disk, { ...identity, mqtt }) : slots.change({ mqtt });
  const routes = { addresses, setAddresses: config.brokers, keepAddresses };
  const witness = await AuditWitness.open({
    ...env,
    trustDomain: identity.trustDomain,
    key: () => messageKeyOf(identity),
  });
  let tellRetired = () => {};
  const retired = new Promise<void>((resolve) => (tellRetired = resolve));
  const onRetired = () => void retire(env, slots, { device, mounts }).then(tellRetired);
  const openHead: TrustedKeyring["openHead"] = (head) => keyring.openHead(head);
  const onRenewed = () => link.comeBack("it has a new certificate");
  const renewal = slots && new Renewal({ env, slots, ask: post, openHead, time, onRenewed, onRetired });
  const counted = metered(transport, (bytes) => meter.moved(bytes));
  const reaching = { device, transport: counted, ...routes, introduction, renewal, measuring, onRetired };
  const link = new Link({ env, ...reaching, spool, duty: commands, terminals, keyring, alerts, time, witness });
  link.onSession = (epoch) => {
    changes.established(epoch);
    dataSources.confirm();
  };

  const startTheRest = () => {
    inventory.start();
    dataSources.start();
    mounts?.start();
    giving?.start().catch((error: unknown) => env.log.error("neighbours are given nothing", { error }));
    policies.start((task) => commands.askSelf(task));
  };

  return {
    start: async () => {
      sampling.start();
      if (!marker.isSafeMode) startTheRest();
      await commands.start();
      // Before the first session, which may be the one that confirms a change of the former run.
      await changes.start(link);
      link.start();
      renewal?.start();
      marker.start(startTheRest);
    },
    retired,
    replaced,
    get isConnected() {
      return link.isConnected;
    },
    status: () => ({
      isConnected: link.isConnected,
      ...link.status(),
      spoolBytes: spool.bytes,
      unacknowledged: spool.unacknowledged,
      sampled: sampling.current.sampled,
      openCommands: commands.status().open.length,
    }),
    [Symbol.asyncDispose]: async () => {
      // First those who have something to say, then the way it takes, then the place where it waits.
      await within(STOP_WITHIN, [sampling, inventory, dataSources, policies, commands], env.clock);
      await renewal?.[Symbol.asyncDispose]();
      await upgrade[Symbol.asyncDispose]();
      await changes[Symbol.asyncDispose]();
      await giving?.[Symbol.asyncDispose]();
      await mounts?.[Symbol.asyncDispose]();
      await neighbourRoad?.[Symbol.asyncDispose]();
      await content[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
      await meter[Symbol.asyncDispose]();
      await spool.close();
      await time.close();
      await marker[Symbol.asyncDispose]();
    },
  };
}

/** Stops them all at once, and waits no longer than that. */
async function within(limit: number, stopping: readonly AsyncDisposable[], clock: Clock): Promise<void> {
  const stopped = new AbortController();
  await Promise.race([
    Promise.all(stopping.map((each) => each[Symbol.asyncDispose]())),
    clock.sleep(limit, stopped.signal),
  ]);
  stopped.abort();
}

/** A disk that fails to forget keys is no reason to go on with them: the next run is told again. */
async function retire(
  { log }: Env,
  slots: IdentitySlots | undefined,
  { device, mounts }: { readonly device: string; readonly mounts: Mounts | undefined },
): Promise<void> {
  log.warn("the control plane has retired this device: its keys are wiped", { device });
  await mounts?.clear().catch((error: unknown) => log.error("what was mounted is not taken away", { error }));
  await slots?.wipe().catch((error: unknown) => log.error("the keys were not wiped", { error }));
}

/** An event that is lost when no event can be kept. */
function note(outbox: Outbox, name: string, detail: string): void {
  void outbox.append("event", { agentEvent: { name, detail } }).catch(() => {});
}
