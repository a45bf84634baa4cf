import { checkAudit, Store } from "@edgemere/control-plane";
import { Life } from "./life.ts";
import type { World } from "./world.ts";

/** Each entry of the audit carries its own hash and that of the one before it. */
export async function auditTrail({ controlPlane, clock, random, trace }: World): Promise<void> {
  const reader = new Life({ clock, random, died: () => {} });
  const store = await Store.open(controlPlane.database.openFor(reader), clock);
  const { faults } = await checkAudit({ store });
  for (const { detail } of faults) trace.wrong(`the chain of the audit is broken: ${detail}`);
}
