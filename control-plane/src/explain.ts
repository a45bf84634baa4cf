import { ConfigError } from "@edgemere/protocol/config";
import { CannotCertify } from "./broker-certificate.ts";
import { NoCommandRoot } from "./command-root.ts";
import { CannotListen } from "./opened.ts";
import { DamagedBackup } from "./platform/backup-format.ts";
import { CannotOpenStore } from "./platform/level-database.ts";
import { CannotRestore } from "./restore.ts";

/** Refusals whose message says all: their stack would only be in the way. */
const told = [ConfigError, CannotCertify, CannotListen, CannotOpenStore, CannotRestore, DamagedBackup, NoCommandRoot];

const notAllowed = "start it as the user whom it belongs to, or choose a place that this user may write to";
const notAFolder = "something else is where a folder should be: choose another place";
const full = "free space on this disk, or choose a place on another";

// What the operating system refuses to do with a file, and what helps.
const advices: Readonly<Record<string, string>> = {
  EACCES: notAllowed,
  EPERM: notAllowed,
  EROFS: "this file system takes no writes: choose a place on another",
  ENOSPC: full,
  EDQUOT: full,
  ENOTDIR: notAFolder,
  EEXIST: notAFolder,
};

/** What to tell a person about an error that ends the program; what is nobody's mistake but ours comes with its stack. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (told.some((each) => error instanceof each)) return error.message;
  const { code = "" } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(advices, code)) return `${error.message}: ${advices[code] ?? ""}`;
  return error.stack ?? error.message;
}
