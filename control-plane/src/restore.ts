import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { nodeDisk, type Clock } from "@edgemere/protocol/kit";
import type { RestoreConfig } from "./config-commands.ts";
import * as contracts from "./contracts.ts";
import { AuditCopy } from "./platform/audit-copy.ts";
import type { BackupEnd, BackupHead } from "./platform/backup-format.ts";
import { setGeneration } from "./platform/generation.ts";
import { CannotOpenStore, levelDatabase } from "./platform/level-database.ts";
import { FORMAT } from "./platform/migrations.ts";
import { readBackup } from "./platform/node-backup-file.ts";
import { checkBackup, unpackBackup } from "./platform/node-restore.ts";
import { Store } from "./platform/store.ts";
import { isResource } from "./platform/resource.ts";
import { carryOver, type CarriedOver } from "./restore-audit.ts";
import { passphraseFrom } from "./storage.ts";

/** A restore that would destroy something, or cannot be done here. The message says what to do. */
export class CannotRestore extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CannotRestore";
  }
}

const GENERATION_FILE = "generation";
const FRESH = "restoring";
// As long as it is there, what is in the data folder may be of two days.
const MARK = "half-restored";

/** Looked at with each start: a store that got lost must not take its generation with it. */
export async function rememberGeneration(dataFolder: string, generation: number): Promise<void> {
  if ((await rememberedGeneration(dataFolder)) === generation) return;
  await nodeDisk(dataFolder).write(GENERATION_FILE, Buffer.from(`${generation}\n`));
}

/** Before anything is opened: of a restore that was killed half of the folder may be missing, and a start would make that half anew. */
export async function refuseHalfRestored(dataFolder: string): Promise<void> {
  if (!(await isFile(join(dataFolder, MARK)))) return;
  throw new CannotRestore(
    `a restore into ${dataFolder} was broken off before all was in place: run it again, with --force`,
  );
}

/** Of a restore that was killed before it touched anything nothing need stay. */
export const clearBrokenRestore = (dataFolder: string): Promise<void> =>
  rm(join(dataFolder, FRESH), { recursive: true, force: true });

/**
 * Puts a backup in place of a data folder's store and keys. All of it is checked before anything is touched; what was there is kept
 * beside it. The restored control plane begins the next generation, so that devices tell it from one that still runs elsewhere.
 */
export async function restore(config: RestoreConfig, { clock }: { readonly clock: Clock }): Promise<readonly string[]> {
  const { file, dataFolder, force } = config;
  const passphrase = await passphraseFrom(config.passphraseFile);
  if (!(await isFile(file))) throw new CannotRestore(`there is no file ${file}`);
  const { head, end } = await checkBackup(readBackup(file, passphrase));
  if (head.format > FORMAT)
    throw new CannotRestore(
      `the backup is of the store's format ${head.format} and this program knows ${FORMAT}: run a newer one`,
    );
  await refuseWhenRunning(dataFolder);
  const replaced = (await isThere(join(dataFolder, "store"))) || (await isThere(join(dataFolder, "authority")));
  if (replaced && !force)
    throw new CannotRestore(
      `${dataFolder} holds a store already: choose another folder with --data, or let it give way (it is kept beside) with --force`,
    );

  const fresh = join(dataFolder, FRESH);
  await rm(fresh, { recursive: true, force: true });
  await unpackBackup(readBackup(file, passphrase), fresh);
  const generation = Math.max(head.generation, await rememberedGeneration(dataFolder)) + 1;
  const copy = new AuditCopy(nodeDisk(config.auditCopy));
  const carried = await beginLife(join(fresh, "store"), { copy, generation, clock });
  // Somebody may have started one in the meantime.
  await refuseWhenRunning(dataFolder);
  // First: a number that is skipped harms nobody, one that is given twice does.
  await rememberGeneration(dataFolder, generation);
  const aside = `replaced-${clock.now()}-by-generation-${generation}`;
  const kept = await putInPlace(dataFolder, aside);
  // Last, so that a restore that is broken off finds it when it runs again. The first entry of this life would contradict it.
  if (carried.misfit !== undefined) await copy.setAside(aside);
  return told({ file, dataFolder, auditCopy: config.auditCopy, head, end, generation, kept, carried });
}

/** What a restored store must know before any control plane runs over it: whose life it is, and what the backup cannot know. */
async function beginLife(
  folder: string,
  { copy, generation, clock }: { readonly copy: AuditCopy; readonly generation: number; readonly clock: Clock },
): Promise<CarriedOver> {
  await using store = await Store.open(await levelDatabase(folder), clock);
  await setGeneration(store, generation);
  const resources = Object.values(contracts)
    .flatMap((each): readonly unknown[] => Object.values(each))
    .filter(isResource);
  return await carryOver({ store, copy, resources, generation, now: clock.now() });
}

async function rememberedGeneration(dataFolder: string): Promise<number> {
  const content = await nodeDisk(dataFolder).read(GENERATION_FILE);
  const number = Number(content ? Buffer.from(content).toString() : "0");
  return Number.isSafeInteger(number) ? number : 0;
}

/** A damaged store cannot be opened and is no obstacle; one that another process holds is. */
async function refuseWhenRunning(dataFolder: string): Promise<void> {
  const folder = join(dataFolder, "store");
  if (!(await isThere(folder))) return;
  try {
    await (await levelDatabase(folder)).close();
  } catch (error) {
    if (error instanceof CannotOpenStore && error.why === "locked")
      throw new CannotRestore(`a control plane runs on ${dataFolder}: stop it first`);
  }
}

/** Keys first: with a store of its own and no keys a start would make new ones. */
async function putInPlace(dataFolder: string, suffix: string): Promise<readonly string[]> {
  const disk = nodeDisk(dataFolder);
  const kept: string[] = [];
  await disk.write(MARK, Buffer.of());
  for (const part of ["authority", "store"]) {
    if (await isThere(join(dataFolder, part))) {
      await disk.rename(part, `${part}.${suffix}`);
      kept.push(join(dataFolder, `${part}.${suffix}`));
    }
    if (await isThere(join(dataFolder, FRESH, part))) await disk.rename(join(FRESH, part), part);
  }
  await rm(join(dataFolder, FRESH), { recursive: true, force: true });
  await disk.remove(MARK);
  return kept;
}

interface Done {
  readonly file: string;
  readonly dataFolder: string;
  readonly head: BackupHead;
  readonly end: BackupEnd;
  readonly generation: number;
  readonly kept: readonly string[];
  readonly auditCopy: string;
  readonly carried: CarriedOver;
}

const told = ({ file, dataFolder, head, end, generation, kept, auditCopy, carried }: Done): readonly string[] => [
  // oxlint-disable-next-line no-restricted-globals -- a written instant is shown, no clock is asked
  `Restored ${file}, made ${new Date(head.createdAt).toISOString()} by version ${head.version}: ${end.entries} entries, ${end.bytes} bytes, ${end.files} files of the authority of ${head.trustDomain}.`,
  ...(kept.length > 0 ? [`What was there is kept: ${kept.join(", ")}. Remove it when all is well.`] : []),
  `It is generation ${generation} now: devices that have heard of it refuse the control plane that ran before; make sure that one is stopped.`,
  "What happened after the backup is gone: accounts, sessions, API tokens, enrolment tokens and jobs made since then; devices enrolled since then enrol again.",
  ...carriedOver(carried, auditCopy),
  "Devices send again what they still keep; what is missing for ever is shown as a gap.",
  `Start it: edgemere-control-plane --data ${dataFolder}`,
];

const carriedOver = ({ entries, revoked, misfit }: CarriedOver, copy: string): readonly string[] => [
  `From the copy of the audit log in ${copy} come ${entries} entries that the backup does not have.`,
  ...revoked.map((each) => `Revoked after the backup, and now again: ${each}`),
  ...(misfit === undefined
    ? []
    : [`The rest of that copy does not fit the backup (${misfit}): it is kept in a folder there.`]),
  ...(misfit !== undefined || entries === 0
    ? [
        "What was revoked, retired or disabled after the backup and is not in that copy is good again: look through users, API tokens and devices, and do it again.",
      ]
    : []),
  "Passwords and roles are those of the backup.",
];

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    async (found) => !found.isDirectory() || (await readdir(path)).length > 0,
    () => false,
  );
