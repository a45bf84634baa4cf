import { mkdir, stat } from "node:fs/promises";
import type { SigningKey } from "@edgemere/protocol";
import { nodeDisk } from "@edgemere/protocol/kit";
import type { ControlPlaneConfig } from "./config.ts";
import { AuditCopy } from "./platform/audit-copy.ts";
import type { Check } from "./platform/health.ts";
import type { AnyResource } from "./platform/resource.ts";

interface Parts {
  readonly key: SigningKey;
  readonly resources: readonly AnyResource[];
  /** Of this program. */
  readonly version: string;
}

/** What the feature "audit" works with: the key, and the second place. */
export async function openAuditing(
  { dataFolder, auditCopy, backups, addresses }: ControlPlaneConfig,
  { key, resources, version }: Parts,
) {
  await mkdir(auditCopy, { recursive: true, mode: 0o700 });
  const [data, second] = await Promise.all([stat(dataFolder), stat(auditCopy)]);
  const copy = new AuditCopy(nodeDisk(auditCopy));
  const settings = {
    version,
    isCopyOnSameDisk: data.dev === second.dev,
    areBackupsSealed: backups.passphraseFile !== undefined,
    addresses,
  };
  const revoking = new Map(resources.map((each) => [each.name as string, each.revoking] as const));
  let isAlarmed = false;
  const alarm = () => {
    isAlarmed = true;
  };
  const check: Check = () => {
    if (isAlarmed) return { severity: "degraded", reason: "a device remembers another audit log" };
    if (copy.isContradicted) return { severity: "degraded", reason: "the audit log contradicts its copy" };
    return settings.isCopyOnSameDisk ? { severity: "notice", reason: "the audit copy is on the same disk" } : undefined;
  };
  return { key, copy, settings, revoking, check, alarm };
}
