import { MINUTE } from "@edgemere/protocol/kit";
import { SimulatedDisk } from "@edgemere/protocol/simulated";
import { auditKey } from "../../platform/audit-log.test-support.ts";
import type { Audit, AuditDraft } from "../../platform/audit.ts";
import { AuditCopy } from "../../platform/audit-copy.ts";
import { startTestCore, type CoreContext } from "../../platform/core.test-support.ts";
import { feature } from "../../platform/feature.ts";
import { parcel } from "../../platform/sample-resource.test-support.ts";
import type { Settings } from "./fleet.ts";
import { audit, type AuditContext } from "./index.ts";

export const settings = {
  version: "0.1.0",
  isCopyOnSameDisk: false,
  areBackupsSealed: true,
  addresses: ["cp.example.org", "192.0.2.7"],
};

/** A control plane that keeps an audit log with a copy; of parcels a right is taken away when they are lost. */
export async function startAuditing(over: Partial<Settings> = {}) {
  const disk = new SimulatedDisk();
  const copy = new AuditCopy(disk);
  const alarms: string[] = [];
  let audits: Audit | undefined;
  const parcels = feature<AuditContext & CoreContext>({
    name: "parcels",
    resources: [parcel],
    actions: [],
    loops: ({ audit: theirs }) => {
      audits = theirs;
      return [];
    },
  });
  const core = await startTestCore<AuditContext & CoreContext>({
    features: [audit, parcels],
    context: {
      auditing: {
        key: auditKey,
        copy,
        settings: { ...settings, ...over },
        revoking: new Map([["parcel", ["lost"]]]),
        alarm: () => alarms.push("alarm"),
      },
    },
  });
  const write = async (draft: AuditDraft) => audits?.record(draft);
  const record = (requestId: string) =>
    write({ actor: "user:alice", via: "rest", action: "shop/order", decision: "allowed", requestId, input: {} });
  /** Lets the loops come round. */
  const comesRound = async () => {
    await core.advance(2 * MINUTE);
    await core.advance(2 * MINUTE);
  };
  const copied = async () => {
    const found: string[] = [];
    for await (const line of new AuditCopy(disk).lines())
      found.push("entry" in line ? line.entry.requestId : `head ${line.head.number} of ${line.head.generation}`);
    return found;
  };
  return { ...core, alarms, disk, copy, write, record, comesRound, copied };
}
