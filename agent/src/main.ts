import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { BadToken } from "@edgemere/protocol";
import { ConfigError, type LogLevel } from "@edgemere/protocol/config";
import {
  nodeDisk,
  systemClock,
  systemRandom,
  SECOND,
  type Disk,
  type Env,
  type Log,
  onStopSignals,
} from "@edgemere/protocol/kit";
import { createAgent } from "./agent.ts";
import { configHelp, readConfig, type ProgramConfig } from "./config.ts";
import type { HostReleases } from "./host/host-releases.ts";
import { linuxHost } from "./host/linux-host.ts";
import { linuxReleases } from "./host/linux/releases.ts";
import { trustedFile } from "./host/linux/trusted-file.ts";
import { enrol } from "./link/enrol.ts";
import { EnrolmentFailed } from "./link/enrol-failed.ts";
import { IdentitySlots } from "./link/identity-slots.ts";
import { loadIdentity, type Identity } from "./link/identity.ts";
import { LINK_STATUS_FILE } from "./link/link-status-file.ts";
import { mqttTransport } from "./link/mqtt-transport.ts";
import { AlreadyRunning, lockFolder } from "./lock.ts";
import { lineLog } from "./log.ts";
import { connectionText, readConnection } from "./status-connection.ts";
import { Settings } from "./settings.ts";
import { readStatus, statusText } from "./status.ts";
import { AGENT_VERSION } from "./version.ts";

const EXIT = { ok: 0, failed: 1, usage: 2, notEnrolled: 3, refused: 4, alreadyRunning: 5, again: 75 } as const;

const REPLACED = "another release takes its place";

const HELP = (): string => `edgemere-agent ${AGENT_VERSION}: measures, reports, obeys, survives

Usage:
  edgemere-agent enrol TOKEN [options]   make this host a device; TOKEN is - to read it from standard input,
                                         where other users of the host cannot see it
      --run                              go on as "run" does
      --again                            become another device; what the former one has not delivered is given up
  edgemere-agent run [options]           work until SIGTERM or SIGINT; a second one ends it at once
  edgemere-agent status [--json]         who this device is, and what waits for delivery
  edgemere-agent --help | --version

Options, with their defaults:
${configHelp()}

Every option is also a key of the YAML file given by --config and, in capitals with EDGEMERE_AGENT_ before it, an
environment variable. The command line wins over the environment, that over the file.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 not enrolled, 4 enrolment refused, 5 already running, 75 another release
is to run: edgemere-agent-launcher starts it`;

/** An error whose message is for the person who typed the command. */
class Refusal extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  enrol: async (args) => {
    const [switches, rest] = takeOut(args, ["--run", "--again"]);
    const [token, options] = takeToken(rest);
    const config = readConfig(options, process.env);
    {
      await using _lock = await lockFolder(config.dataFolder);
      await enrolHere(token, config, switches.has("--again"));
    }
    if (switches.has("--run")) return runHere(options);
    console.log('Start it with "edgemere-agent run" and the same --data.');
  },
  run: (args) => runHere(args),
  status: async (args) => {
    const [switches, rest] = takeOut(args, ["--json"]);
    const { dataFolder } = readConfig(rest, process.env);
    const [status, connection] = [await readStatus(dataFolder), await readConnection(dataFolder)];
    const seen = { isRunning: status.process !== undefined, timestamp: (at: number) => new Date(at).toISOString() };
    const text = () => `${statusText(status, systemClock.now())}\n${connectionText(connection, seen)}`;
    console.log(switches.has("--json") ? JSON.stringify({ ...status, connection }) : text());
    if (status.device === undefined) process.exitCode = EXIT.notEnrolled;
  },
};

async function enrolHere(token: string, config: ProgramConfig, isAgain: boolean): Promise<void> {
  const disk = nodeDisk(config.dataFolder);
  const former = isAgain ? undefined : await loadIdentity(disk);
  if (former !== undefined)
    throw new Refusal(
      EXIT.usage,
      `this host is already enrolled as ${former.name} (${former.device}) at ${former.server}; to make it another device add --again`,
    );
  const host = linuxHost();
  const identity = await enrol({
    token: token === "-" ? await readToken() : token,
    env: { clock: systemClock, disk, random: systemRandom },
    name: config.name ?? host.name,
    machineId: await host.machineId(),
    agentVersion: AGENT_VERSION,
    labels: config.labels,
    onWaiting: (fingerprint) =>
      console.log(`An operator has to approve this host. The fingerprint of its key is ${fingerprint}. Waiting.`),
    onBusy: ({ detail, wait }) =>
      console.log(
        `The control plane wants to be asked later (${JSON.stringify(detail)}). Asking again in ${Math.ceil(wait / SECOND)} s.`,
      ),
  });
  console.log(`This host is now the device ${identity.name} (${identity.device}) of ${identity.server}.`);
}

async function runHere(args: readonly string[]): Promise<void> {
  const config = readConfig(args, process.env);
  const held: { settings?: Settings<ProgramConfig> } = {};
  const log = logFor(() => (held.settings?.config ?? config).logLevel);
  process.on("uncaughtException", (error) => {
    log.error("the agent fails and ends; whoever supervises it starts it again", { error, stack: error.stack });
    process.exit(EXIT.failed);
  });
  await refuseForeignScripts(config);
  await using _lock = await lockFolder(config.dataFolder);
  const disk = nodeDisk(config.dataFolder);
  const identity = await loadIdentity(disk);
  if (identity === undefined)
    throw new Refusal(
      EXIT.notEnrolled,
      `nothing in ${config.dataFolder} says who this device is; enrol it with "edgemere-agent enrol TOKEN"`,
    );
  await forgetFormerDevice(disk, config.dataFolder, identity);
  const settings = await Settings.open({ disk, log }, (over) => readConfig(args, process.env, over));
  held.settings = settings;
  await work(settings, identity, { clock: systemClock, random: systemRandom, disk, log });
}

async function work(settings: Settings<ProgramConfig>, identity: Identity, env: Env): Promise<void> {
  const { config } = settings;
  const { log, clock } = env;
  const stop = stopWish(log);
  const slots = await IdentitySlots.open(env.disk, identity);
  await using agent = await createAgent({
    env,
    host: linuxHost({ terminalUser: config.terminalUser, ownFolders: ownFoldersOf(config) }),
    transport: mqttTransport({ identity, slots, keepalive: () => settings.config.keepalive, clock }),
    identity,
    slots,
    config,
    settings,
    releases: releasesOfLauncher(),
    policy: () => trustedFile(config.policy.file, config.policy.isNamed),
  });
  await agent.start();
  const { device, name, server } = identity;
  log.info("agent started", { device, name, server, dataFolder: config.dataFolder, version: AGENT_VERSION });
  const retired = agent.retired.then(() => "the device was retired");
  const replaced = agent.replaced.then(() => REPLACED);
  const cause = await Promise.race([stop, retired, replaced]);
  log.info("agent stops", { cause });
  if (cause === REPLACED) process.exitCode = EXIT.again;
}

/** What edgemere-agent-launcher tells; whoever starts an agent otherwise says nothing. */
function releasesOfLauncher(): HostReleases | undefined {
  const { EDGEMERE_LAUNCHER_RELEASES: folder, EDGEMERE_LAUNCHER_SLOT: slot } = process.env;
  if (folder === undefined || folder === "") return undefined;
  return linuxReleases(folder, slot === "a" || slot === "b" ? slot : "base");
}

/** Where keys, journal and settings are: whoever could write there could have the agent do anything. */
const ownFoldersOf = ({ dataFolder, policy, settingsFile }: ProgramConfig): readonly string[] => [
  dataFolder,
  dirname(policy.file),
  ...(settingsFile === undefined ? [] : [dirname(settingsFile)]),
];

/** Whoever can write the settings could have the agent run anything. */
async function refuseForeignScripts({ scriptsFrom }: ProgramConfig): Promise<void> {
  if (scriptsFrom === undefined) return;
  await trustedFile(scriptsFrom, true).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Refusal(EXIT.usage, `the programs in the settings are not run: ${why}`);
  });
}

/** Resolves at the first wish to stop; a later one ends the process at once. */
function stopWish(log: Log): Promise<string> {
  const kill = (cause: string) => {
    log.warn("the agent ends at once", { cause });
    process.exit(EXIT.failed);
  };
  return new Promise((resolve) => onStopSignals({ stop: resolve, kill }, systemClock));
}

/** Numbers of records and commands belong to one device: another must not go on with them. */
async function forgetFormerDevice(disk: Disk, folder: string, { device }: Identity): Promise<void> {
  const FILE = "device";
  const former = await disk.read(FILE);
  if (former !== undefined && Buffer.from(former).toString() === device) return;
  for (const name of [
    "spool",
    "commands",
    "file-parts",
    "terminals",
    "session-epoch",
    "clock",
    "reconnect",
    "settings",
    LINK_STATUS_FILE,
  ])
    await rm(join(folder, name), { recursive: true, force: true });
  await disk.write(FILE, Buffer.from(device));
}

function logFor(level: () => LogLevel): Log {
  // A reader that has gone must not end the agent.
  process.stderr.on("error", () => {});
  return lineLog({
    write: (line) => process.stderr.write(line),
    timestamp: () => new Date().toISOString(),
    level,
    isForPeople: process.stderr.isTTY,
  });
}

async function readToken(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    if (process.stdin.isTTY) process.stderr.write("Enrolment token: ");
    for await (const line of lines) return line;
    throw new Refusal(EXIT.usage, "no enrolment token came on standard input");
  } finally {
    lines.close();
    process.stdin.destroy();
  }
}

function takeOut(args: readonly string[], words: readonly string[]): readonly [ReadonlySet<string>, readonly string[]] {
  return [new Set(args.filter((word) => words.includes(word))), args.filter((word) => !words.includes(word))];
}

/** The token stands anywhere among the options; what cannot be one is told as such by whoever reads it. */
function takeToken(args: readonly string[]): readonly [token: string, rest: readonly string[]] {
  const marked = args.findIndex((word) => word === "-" || word.startsWith("ed1."));
  const at = marked === -1 && !args[0]?.startsWith("--") ? 0 : marked;
  const token = args[at];
  if (token === undefined)
    throw new Refusal(
      EXIT.usage,
      "enrol needs a token: edgemere-agent enrol TOKEN, or - to read it from standard input",
    );
  return [token, args.filter((_, index) => index !== at)];
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Refusal) return error.exitCode;
  if (error instanceof ConfigError || error instanceof BadToken) return EXIT.usage;
  if (error instanceof AlreadyRunning) return EXIT.alreadyRunning;
  if (error instanceof EnrolmentFailed && error.kind === "refused") return EXIT.refused;
  return EXIT.failed;
}

async function main([word = "--help", ...args]: readonly string[]): Promise<void> {
  if (word === "--version") return console.log(AGENT_VERSION);
  if ([word, ...args].some((each) => each === "--help" || each === "-h")) return console.log(HELP());
  const command = commands[word];
  if (command === undefined)
    throw new Refusal(
      EXIT.usage,
      `"${word}" is none of ${Object.keys(commands).join(", ")}. See edgemere-agent --help.`,
    );
  await command(args);
}

try {
  await main(process.argv.slice(2));
  // Nothing that is still open may keep a program alive that has done its work.
  process.exit();
} catch (error) {
  console.error(`edgemere-agent: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(exitCodeOf(error));
}
