import {
  commandKinds,
  decode,
  open,
  privateKeyFromSeed,
  publicKeyBytes,
  publicKeyFromBytes,
  seal,
  sealingKeyFromBytes,
  trustOnly,
  v1,
  type CommandKind,
  type CommandReport,
  type Encodable,
  type SigningKey,
} from "@edgemere/protocol";
import { silentLog, type Disk } from "@edgemere/protocol/kit";
import { seededRandom, type ManualClock } from "@edgemere/protocol/simulated";
import type { HostReleases } from "../host/host-releases.ts";
import type { ContentRoad } from "../link/content-road.ts";
import { Alerts } from "../link/alerts.ts";
import { SpoolFull } from "../link/spool/spool-full.ts";
import { Spool } from "../link/spool/spool.ts";
import { TerminalRoad } from "../link/terminal-road.ts";
import { ChangeGuard } from "./changes/change-guard.ts";
import { ReleaseUpgrade } from "./release-upgrade.ts";
import { openCommands, type CommandExecutor } from "./executor.ts";
import { Pace, type Bandwidth } from "./files/pace.ts";
import { PartFiles } from "./files/part-files.ts";
import type { BenchHost } from "./bench-host.test-support.ts";
import type { DataPlaces, PolicyDuty } from "./handlers/handler.ts";
import { HostPolicy } from "./host-policy.ts";

export const signer: SigningKey = { keyId: "k1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(7)) };
const publicKey = publicKeyFromBytes(publicKeyBytes(signer.privateKey));
const own: SigningKey = { keyId: "d1", privateKey: privateKeyFromSeed(new Uint8Array(32).fill(8)) };
/** Its public half is what secrets for the bench are sealed for. */
export const sealingKey = sealingKeyFromBytes(new Uint8Array(32).fill(9));
const trustInDevice = trustOnly("device", own.keyId, publicKeyFromBytes(publicKeyBytes(own.privateKey)));

type CommandMessage = Encodable<typeof v1.Command>;

/** A signed command for the device of the bench; number n has the id `c<n>`. */
export function aCommand(sequence: number, task: CommandMessage = { ping: {} }, more: CommandMessage = {}) {
  return seal(
    "command",
    {
      trustDomain: "test",
      device: "d1",
      command: `c${sequence}`,
      sequence,
      issuedAtMs: START,
      expiresAtMs: START + 3_600_000,
      runTimeoutMs: 60_000,
      ...task,
      ...more,
    },
    signer,
  );
}

export const START = 1_767_225_600_000;
export const anExec = (...argv: string[]): CommandMessage => ({ exec: { argv, maxOutputBytes: 1_000_000 } });

const dangerous = (Object.keys(commandKinds) as CommandKind[]).filter((kind) => commandKinds[kind].dangerous);

export interface Bench extends AsyncDisposable {
  readonly commands: CommandExecutor;
  readonly spool: Spool;
  /** Delivers and lets everything happen that happens within `ms`. */
  deliver(envelopes: readonly v1.SignedEnvelope.$Shape[], ms?: number): Promise<void>;
  reports(): Promise<readonly CommandReport[]>;
  /** Last word on each command, as `c1 SUCCEEDED`, with the reason when there is one. */
  ends(): Promise<readonly string[]>;
}

interface BenchParts {
  readonly disk: Disk;
  readonly clock: ManualClock;
  readonly host: BenchHost;
  readonly allow?: readonly CommandKind[];
  /** Whether a session begins after a change of the network; it does unless told otherwise. */
  readonly isReachable?: () => boolean;
  readonly isConnected?: () => boolean;
  readonly releases?: HostReleases | undefined;
  /** Of the agent. */
  readonly version?: string;
  readonly restart?: () => void;
  readonly earlyDeaths?: () => number;
  readonly hasRoomForResults?: () => boolean;
  /** Whether the spool takes no results. */
  readonly isFull?: () => boolean;
  readonly correctedNow?: () => number;
  /** The directories whose data the device tells of; none when absent. */
  readonly data?: DataPlaces;
  /** The policies that the device watches by itself; takes any pack when absent. */
  readonly policies?: PolicyDuty;
  /** The way of content, and how fast it may be. */
  readonly road?: ContentRoad;
  readonly bandwidth?: Bandwidth;
  /** The text of the host's own rules. */
  readonly policy?: () => Promise<string | undefined>;
}

export async function aBench(parts: BenchParts): Promise<Bench> {
  const { disk, clock, host, allow = dangerous } = parts;
  const env = { clock, disk, random: seededRandom(1), log: silentLog };
  const spool = await Spool.open({ env, maxBytes: 64 * 1024 * 1024 });
  const alerts = new Alerts(env, spool);
  const changes = await ChangeGuard.open({ env, host: host.host, boot: host.bootId });
  const commands = await openCommands({
    env,
    changes,
    upgrade: new ReleaseUpgrade({
      clock,
      releases: parts.releases,
      trust: () => ({ threshold: 1, keys: new Map([[signer.keyId, publicKey]]) }),
      version: parts.version ?? "1.0.0",
      correctedNow: () => clock.now(),
      roundTrip: async (_command, signal) => {
        while (!(parts.isReachable?.() ?? true) && !signal.aborted) await clock.sleep(1_000, signal);
      },
      restart: parts.restart ?? (() => {}),
    }),
    host: host.host,
    outbox: {
      append: async (stream, body) => {
        if (stream === "result" && parts.isFull?.() === true) throw new SpoolFull(stream, "spool-full");
        return spool.append(stream, body);
      },
      get hasRoomForResults() {
        return parts.hasRoomForResults?.() ?? true;
      },
    },
    identity: { device: "d1", trustDomain: "test" },
    trust: () => ({ threshold: 1, keys: new Map([[signer.keyId, publicKey]]) }),
    messageKey: own,
    sealingKey,
    terminals: new TerminalRoad(),
    policies: parts.policies ?? { take: async () => undefined },
    data: parts.data ?? {
      find: () => undefined,
      lookAt: () => {},
      tellAll: () => undefined,
      snapshot: () => undefined,
    },
    files: {
      ...env,
      road: parts.road,
      lied: () => {},
      transfers: host.host.transfers,
      pace: new Pace(parts.bandwidth ?? { windows: [] }, clock, () => clock.now()),
      parts: new PartFiles(env),
      roots: ["/srv"],
    },
    alerts,
    policy: new HostPolicy({ read: parts.policy ?? (async () => undefined), alerts }),
    config: { allow, logRoots: ["/var/log"] },
    correctedNow: parts.correctedNow ?? (() => clock.now()),
    refreshInventory: async () => 3,
    isConnected: parts.isConnected ?? (() => true),
    earlyDeaths: parts.earlyDeaths ?? (() => 0),
  });
  await commands.start();
  let epoch = 1;
  const comeBack = () => {
    epoch += 1;
    if (parts.isReachable?.() ?? true) changes.established(epoch);
  };
  await changes.start({ comeBack, epoch });
  return {
    commands,
    spool,
    deliver: async (envelopes, ms = 1_000) => {
      await commands.receive(envelopes);
      await clock.advance(ms);
    },
    reports: () => reportsIn(spool),
    ends: async () => endsOf(await reportsIn(spool)),
    [Symbol.asyncDispose]: async () => {
      const stopping = commands[Symbol.asyncDispose]();
      await clock.advance(20_000);
      await stopping;
      await changes[Symbol.asyncDispose]();
      await spool.close();
    },
  };
}

async function reportsIn(spool: Spool): Promise<readonly CommandReport[]> {
  const records = await spool.read("result", spool.position("result").firstUnacknowledged, {
    bytes: Infinity,
    records: Infinity,
  });
  return records.flatMap(({ record }) => {
    if (record.signedReport) return [open("result", record.signedReport, trustInDevice)];
    return record.commandReport
      ? [decode(v1.CommandReport, v1.CommandReport.encode(record.commandReport).finish())]
      : [];
  });
}

/** Each different end that was told, sorted: two of one command would be a lie. */
export function endsOf(reports: readonly CommandReport[]): readonly string[] {
  const ends = reports
    .filter(({ phase }) => phase > v1.CommandPhase.COMMAND_PHASE_RUNNING)
    .map(({ command, phase, reason }) => `${command} ${wordOf(phase)}${reason === "" ? "" : ` ${reason}`}`);
  return [...new Set(ends)].sort();
}

export const wordOf = (phase: number): string => (v1.CommandPhase[phase] ?? "").replace("COMMAND_PHASE_", "");
