import { firstBrokenEntry, Store } from "@edgemere/control-plane";
import { Life } from "./life.ts";
import type { World } from "./world.ts";

/** Each entry of the audit carries its own hash and that of the one before it. */
export async function auditTrail({ controlPlane, clock, random, trace }: World): Promise<void> {
  const reader = new Life({ clock, random, died: () => {} });
  const store = await Store.open(controlPlane.database.openFor(reader), clock);
  const broken = await firstBrokenEntry(store);
  if (broken !== undefined) trace.wrong(`the chain of the audit is broken at entry ${Number(broken)}`);
}
