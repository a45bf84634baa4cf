import { Audit, auditTable, idOf, isSelfConsistent, lastPlace, placeOf, type AuditEntry } from "./platform/audit.ts";
import type { AuditCopy } from "./platform/audit-copy.ts";
import { brought, put, type Change } from "./platform/change.ts";
import type { AnyResource } from "./platform/resource.ts";
import type { Store } from "./platform/store.ts";

interface Parts {
  /** As the backup has it. */
  readonly store: Store;
  /** The audit log in its second place, which goes beyond the backup. */
  readonly copy: AuditCopy;
  readonly resources: readonly AnyResource[];
  readonly generation: number;
  readonly now: number;
}

/** What was carried over from the copy into a restored store. */
export interface CarriedOver {
  /** Entries of the audit log that the backup does not have. */
  readonly entries: number;
  /** What lost a right after the backup and has lost it again, as `class:id state`. */
  readonly revoked: readonly string[];
  /** Why the copy, or the rest of it, does not go on from the backup; absent when it does. */
  readonly misfit?: string;
}

// Of each in one commit.
const STEP = 500;

/**
 * A restore must give back no right that was taken away after the backup, and the audit log must not forget. Both are in its copy: the entries
 * that the backup lacks are taken from there as they are, so that the chain goes on, and what they say of rights is done again.
 */
export async function carryOver({ store, copy, resources, generation, now }: Parts): Promise<CarriedOver> {
  const { added, misfit } = await takeEntries(store, copy);
  const rights = new Map<string, string>();
  for (const { objects = [], state } of added) if (state !== undefined && objects[0]) rights.set(objects[0], state);
  const revoked = await revokeAgain(store, resources, rights);
  await new Audit(store, () => now).record({
    actor: "system",
    via: "system",
    action: "restore",
    decision: "done",
    objects: [`generation:${generation}`],
    requestId: `generation-${generation}`,
    input: { generation, entries: added.length, revoked },
  });
  return { entries: added.length, revoked, ...(misfit !== undefined && { misfit }) };
}

/** Takes the entries that follow those of the store, as long as they do. */
async function takeEntries(store: Store, copy: AuditCopy) {
  let place = await lastPlace(store);
  const added: AuditEntry[] = [];
  let waiting: Change[] = [];
  let misfit: string | undefined;
  for await (const line of copy.lines(place.number - 1)) {
    if (!("entry" in line)) continue;
    const { entry } = line;
    if (entry.id === idOf(place.number) && entry.hash === place.hash) continue;
    if (entry.id !== idOf(place.number + 1) || entry.previous !== place.hash || !isSelfConsistent(entry)) {
      misfit = `its entry ${Number(entry.id)} does not follow entry ${place.number}`;
      break;
    }
    place = placeOf(entry);
    added.push(entry);
    waiting.push(put(auditTable, entry));
    if (waiting.length === STEP) waiting = await landed(store, waiting);
  }
  await landed(store, waiting);
  return { added, misfit };
}

async function landed(store: Store, changes: readonly Change[]): Promise<Change[]> {
  await store.commit(...changes);
  return [];
}

async function revokeAgain(
  store: Store,
  resources: readonly AnyResource[],
  rights: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const revoked: string[] = [];
  for (const [object, state] of rights) {
    const [name = "", ...id] = object.split(":");
    const resource = resources.find((each) => each.name === name);
    if (resource?.revoking.includes(state) !== true) continue;
    const row = await store.get(resource, id.join(":"));
    // What was made after the backup is not there.
    if (row === undefined || row["state"] === state) continue;
    await store.commit(brought(resource, row, state));
    revoked.push(`${object} ${state}`);
  }
  return revoked;
}
