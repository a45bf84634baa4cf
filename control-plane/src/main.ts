import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onStopSignals, systemClock, systemRandom } from "@edgemere/protocol/kit";
import { startApp, type App } from "./app.ts";
import { writeBrokerCertificate } from "./broker-certificate.ts";
import { verifyStopped } from "./audit-verify.ts";
import { moveCommandRoot, signKeyring } from "./command-root.ts";
import {
  readAuditVerifyConfig,
  readBrokerCertificateConfig,
  readCommandRootConfig,
  readRestoreConfig,
  readSignKeyringConfig,
  readSignReleaseConfig,
} from "./config-commands.ts";
import { configHelp, readConfig, type ControlPlaneConfig } from "./config.ts";
import { explain } from "./explain.ts";
import { pinoLog } from "./log.ts";
import { itself } from "./platform/caller.ts";
import { restore } from "./restore.ts";
import { signRelease } from "./sign-release.ts";

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(fileOf("../../package.json"), "utf8")) as { version: string };

const HELP = `edgemere-control-plane ${version}: knows, decides, commands, shows

Usage: edgemere-control-plane [options]
       edgemere-control-plane restore FILE --data DIR [--force]
       edgemere-control-plane audit verify --data DIR [--audit-copy DIR]
       edgemere-control-plane broker-certificate DIR --data DIR [--name HOST]
       edgemere-control-plane command-root DIR --data DIR
       edgemere-control-plane sign-keyring FILE --key PEM
       edgemere-control-plane sign-release ARCHIVE --key PEM --release VERSION [--node VERSION] [--lifetime TIME] [--may-go-back yes]

${configHelp()}

Every option is also a key of the YAML file and, in capitals with EDGEMERE_CONTROL_PLANE_ before it, an environment variable.

restore FILE puts a backup in place of the data folder's store and keys, while no control plane runs. It reads --data, --config,
--backup-passphrase and --audit-copy, where it finds what was revoked after the backup; with --force what is in the data folder gives
way, and is kept beside it.

audit verify checks the audit log of a control plane that does not run: its chain, its copy and its signed heads. Exit code 1 when it is
not whole. While it runs: edgemere audit verify.

command-root DIR moves the key that says whose commands devices believe out of the data folder, to be kept where no network is. It
reads --data and --config. sign-keyring FILE --key PEM signs there what "edgemere cpl dm key rotate" answered, and prints it.

sign-release ARCHIVE describes an archive of the agent's program and signs that with a key of the role releases, authority/releases.pem
unless it was rotated; what it prints is the "release" of the command agent.upgrade.

broker-certificate DIR writes what a broker needs that stands in for the embedded one (see --broker): root.pem, broker.pem, broker.key.
--name, which may be repeated, adds a name or an address of the broker for clients that are not ours. It reads --data and --config.`;

// The store's own library asks for no mode: without this others could read its files in a folder that was made by hand.
process.umask(0o077);
const argv = process.argv.slice(2);
if (argv.includes("--help") || argv.includes("-h")) console.log(HELP);
else if (argv.includes("--version")) console.log(version);
else if (argv[0] === "restore")
  await telling(() => restore(readRestoreConfig(argv.slice(1), process.env), { clock: systemClock }));
else if (argv[0] === "audit")
  await judging(() => verifyStopped(readAuditVerifyConfig(argv.slice(1), process.env), console.log));
else if (argv[0] === "broker-certificate")
  await telling(() =>
    writeBrokerCertificate(readBrokerCertificateConfig(argv.slice(1), process.env), {
      clock: systemClock,
      random: systemRandom,
    }),
  );
else if (argv[0] === "command-root")
  await telling(async () => moveCommandRoot(readCommandRootConfig(argv.slice(1), process.env)));
else if (argv[0] === "sign-keyring")
  await telling(async () => [await signKeyring(readSignKeyringConfig(argv.slice(1)))]);
else if (argv[0] === "sign-release")
  await telling(async () => [await signRelease(readSignReleaseConfig(argv.slice(1)), systemClock)]);
else await main();

async function main(): Promise<void> {
  try {
    const config = readConfig(argv, process.env);
    const log = pinoLog(config.logLevel);
    // What nobody caught is a bug, or a store that failed: a fresh start looks at the disk again, going on would not.
    process.on("uncaughtException", (error) => {
      log.error("control plane failed", { error });
      process.exit(1);
    });
    const app = await startApp(config, {
      clock: systemClock,
      random: systemRandom,
      log,
      version,
      portalFolder: fileOf("../pages"),
    });
    void app.failed.then((error) => {
      log.error("control plane failed", { error });
      process.exit(1);
    });
    if (config.people.approval === "never")
      log.warn("one person alone may do what is dangerous on every device, because of --approval never");
    log.info("control plane ready", { ...app.ports, dataFolder: config.dataFolder, version });
    await announce(app, config);
    stopOnSignal(app);
  } catch (error) {
    end(error);
  }
}

/** Tells a launcher, or the person at the terminal, how to go on. */
async function announce(app: App, config: ControlPlaneConfig): Promise<void> {
  const portal = `${app.address}/admin`;
  if (process.send) {
    const { setupCode, ports, root } = app;
    const deviceApi = `https://${config.addresses[0]}:${ports.deviceApi}`;
    process.send({ type: "ready", portal, setupCode, dataFolder: config.dataFolder, deviceApi, ports, root });
    process.on("message", (message) => {
      if (message === "enrolment token") void tellToken(app);
    });
    return;
  }
  console.log(`Edgemere is at ${portal}`);
  if (app.setupCode !== undefined) console.log(`First account: open it and type the setup code ${app.setupCode}`);
}

/** One use within an hour, for the launcher: it enrols this machine, and tells how another one is. */
async function tellToken({ core }: App): Promise<void> {
  // Whoever starts it on this machine has decided already.
  const input = { uses: 1, ttl: 3_600, approval: "none" };
  const { token } = (await core.dispatch("cpl/dm/token/create", input, itself(["*"], core))) as { token: string };
  process.send?.({ type: "enrolment token", token });
}

function stopOnSignal(app: App): void {
  const kill = () => process.exit(1);
  onStopSignals({ stop: () => void app[Symbol.asyncDispose]().then(() => process.exit(0)), kill }, systemClock);
}

function end(error: unknown): never {
  console.error(`edgemere-control-plane: ${explain(error)}`);
  process.exit(1);
}

/** Does one thing and tells what was done. */
async function telling(work: () => Promise<readonly string[]>): Promise<void> {
  try {
    for (const line of await work()) console.log(line);
  } catch (error) {
    end(error);
  }
}

/** Ends with exit code 1 when what was looked at is not as it should be. */
async function judging(work: () => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await work()) ? 0 : 1;
  } catch (error) {
    end(error);
  }
}
