import { resolve } from "node:path";
import { ConfigError, duration, oneOf, option, readOptions, repeatable, type Options } from "@edgemere/protocol/config";
import { DAY, HOUR } from "@edgemere/protocol/kit";
import { hostName, options, PREFIX, PROGRAM, readConfig } from "./config.ts";

/** What a restore is told: the file, and where the data folder is. */
export interface RestoreConfig {
  readonly file: string;
  readonly dataFolder: string;
  readonly passphraseFile: string | undefined;
  /** Where the audit log is once more: what was revoked after the backup is read there. */
  readonly auditCopy: string;
  /** Whether what is in the data folder gives way. */
  readonly force: boolean;
}

/** Reads `restore FILE [--force]` with the same options as everything else; throws ConfigError. */
export function readRestoreConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): RestoreConfig {
  const [file, ...rest] = argv.filter((word) => word !== "--force");
  if (file === undefined || file.startsWith("-"))
    throw new ConfigError("name the backup first: edgemere-control-plane restore FILE --data DIR [--force]");
  const { dataFolder, backups, auditCopy } = readConfig(rest, environment);
  const { passphraseFile } = backups;
  return { file: resolve(file), dataFolder, passphraseFile, auditCopy, force: argv.includes("--force") };
}

/** What the certificate of a broker is made of and for. */
export interface BrokerCertificateConfig {
  readonly folder: string;
  readonly dataFolder: string;
  /** Under which others than our agents reach the broker: those ask for a name of ours, whatever its address. */
  readonly names: readonly string[];
}

const brokerCertificateOptions = {
  ...options,
  name: repeatable("HOST", "Name or address of the broker, for clients that are not ours", hostName),
} satisfies Options;

/** Reads `broker-certificate DIR [--name HOST]…` with the same options as everything else; throws ConfigError. */
export function readBrokerCertificateConfig(
  [folder, ...argv]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): BrokerCertificateConfig {
  if (folder === undefined || folder.startsWith("-"))
    throw new ConfigError(
      "name the folder first: edgemere-control-plane broker-certificate DIR --data DIR [--name HOST]",
    );
  const { data, name } = readOptions(brokerCertificateOptions, { argv, environment, prefix: PREFIX, program: PROGRAM });
  return { folder: resolve(folder), dataFolder: data, names: name };
}

/** What a look at the audit log of a stopped control plane is told. */
export interface AuditVerifyConfig {
  readonly dataFolder: string;
  readonly auditCopy: string;
}

/** Reads `audit verify --data DIR [--audit-copy DIR]` with the same options as everything else; throws ConfigError. */
export function readAuditVerifyConfig(
  [word, ...argv]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): AuditVerifyConfig {
  if (word !== "verify")
    throw new ConfigError(
      "there is one thing to do: edgemere-control-plane audit verify --data DIR [--audit-copy DIR]",
    );
  const { dataFolder, auditCopy } = readConfig(argv, environment);
  return { dataFolder, auditCopy };
}

/** Where the root of command trust goes, and where it is. */
export interface CommandRootConfig {
  readonly folder: string;
  readonly dataFolder: string;
}

/** Reads `command-root DIR` with the same options as everything else; throws ConfigError. */
export function readCommandRootConfig(
  [folder, ...argv]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandRootConfig {
  if (folder === undefined || folder.startsWith("-"))
    throw new ConfigError("name the folder first: edgemere-control-plane command-root DIR --data DIR");
  return { folder: resolve(folder), dataFolder: readConfig(argv, environment).dataFolder };
}

/** The files of a keyring that waits for a signature, and of the key. */
export interface SignKeyringConfig {
  readonly draft: string;
  readonly key: string;
}

/** Reads `sign-keyring FILE --key PEM`; throws ConfigError. */
export function readSignKeyringConfig([draft = "-", option, key, ...rest]: readonly string[]): SignKeyringConfig {
  if (draft.startsWith("-") || option !== "--key" || key === undefined || rest.length > 0)
    throw new ConfigError("name the draft and the key: edgemere-control-plane sign-keyring FILE --key PEM");
  return { draft: resolve(draft), key: resolve(key) };
}

/** An archive of the agent's program, and what is signed of it. */
export interface SignReleaseConfig {
  readonly archive: string;
  readonly key: string;
  readonly version: string;
  readonly leastNode: string;
  /** Milliseconds for which devices take it; for ever when absent. */
  readonly lifetime: number | undefined;
  readonly mayGoBack: boolean;
}

const releaseOptions = {
  key: { takes: "PEM", about: "Private key of the role releases", read: (text: string) => resolve(text) },
  release: { takes: "VERSION", about: "Of the release, such as 1.2.0", read: (text: string) => text },
  node: option("VERSION", "Least version of Node that it runs on", "20.19.0", (text: string) => text),
  lifetime: { takes: "TIME", about: "How long devices take it [for ever]", read: duration(HOUR, 3_650 * DAY) },
  "may-go-back": option("WORD", "Whether it may take the place of a newer one: yes or no", "no", oneOf(["yes", "no"])),
} satisfies Options;

/** Reads `sign-release ARCHIVE --key PEM --release VERSION …`; throws ConfigError. */
export function readSignReleaseConfig([archive = "-", ...argv]: readonly string[]): SignReleaseConfig {
  const {
    key,
    release: version,
    node,
    lifetime,
    ...rest
  } = readOptions(releaseOptions, {
    argv,
    environment: {},
    prefix: "EDGEMERE_SIGN_RELEASE_",
    program: "edgemere-control-plane",
  });
  if (archive.startsWith("-") || key === undefined || version === undefined)
    throw new ConfigError(
      "name archive, key and version: edgemere-control-plane sign-release ARCHIVE --key PEM --release VERSION",
    );
  return {
    archive: resolve(archive),
    key,
    version,
    leastNode: node,
    lifetime,
    mayGoBack: rest["may-go-back"] === "yes",
  };
}
