import { createPrivateKey } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { nodeDisk, systemClock } from "@edgemere/protocol/kit";
import { ConfigError } from "@edgemere/protocol/config";
import type { AuditVerifyConfig } from "./config-commands.ts";
import { checkAudit, type AuditReport } from "./platform/audit-check.ts";
import { AuditCopy } from "./platform/audit-copy.ts";
import { levelDatabase } from "./platform/level-database.ts";
import { Store } from "./platform/store.ts";

// Entries between two words of progress.
const PART = 100_000;

/** Checks the audit log of a control plane that does not run; gives whether it is whole. What is found is told line by line. */
export async function verifyStopped(
  { dataFolder, auditCopy }: AuditVerifyConfig,
  tell: (line: string) => void,
): Promise<boolean> {
  const folder = join(dataFolder, "store");
  if ((await stat(folder).catch(() => undefined)) === undefined)
    throw new ConfigError(`--data: there is no store in ${dataFolder}`);
  const pem = await nodeDisk(dataFolder).read("authority/audit.pem");
  await using store = await Store.open(await levelDatabase(folder), systemClock);
  const sources = {
    store,
    copy: new AuditCopy(nodeDisk(auditCopy)),
    ...(pem && { key: createPrivateKey(Buffer.from(pem)) }),
  };
  if (pem === undefined) tell("There is no key of the audit log beside the store: signed heads are not checked.");
  const found = { heads: 0, compared: 0, faults: 0 };
  let report: AuditReport;
  let after = 0;
  do {
    report = await checkAudit(sources, { after, most: PART });
    for (const { entry, place, kind, detail } of report.faults) tell(`${place}: entry ${entry} ${kind}: ${detail}`);
    found.heads += report.heads;
    found.compared += report.compared;
    found.faults += report.faults.length;
    after = report.checked;
    if (report.next !== undefined) tell(`${report.checked} of ${report.entries} entries checked`);
  } while (report.next !== undefined);
  const sum = `${report.entries} entries, ${found.compared} of them compared with the copy in ${auditCopy}, ${found.heads} signed heads`;
  tell(found.faults === 0 ? `The audit log is whole: ${sum}.` : `The audit log is NOT whole: ${sum}.`);
  return found.faults === 0;
}
