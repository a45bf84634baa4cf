import { handle } from "../../platform/action.ts";
import { created, moved, removed, updated, type Change } from "../../platform/change.ts";
import { askItself } from "../../platform/dispatch.ts";
import type { PlatformContext } from "../../platform/context.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import { device } from "../devices/contract.ts";
import { file, fileRoom, type FileRow } from "../files/contract.ts";
import { command, job } from "../jobs/contract.ts";
import { availableBytes, catalogueFile, data, dataSource, OWN_STORE, type Data } from "./contract.ts";
import { alertId } from "../policies/alert-contract.ts";
import { evidenceFiles, evidenceRollouts } from "../policies/evidence-contract.ts";
import { noted } from "./history-contract.ts";
import { automaticTags } from "./tags.ts";

/** A file of the centre is data under its own id, from when it is whole until it is removed. What is only handed on is none. */
export const catalogueFileHandler = handle(catalogueFile, async ({ file: id }, context: PlatformContext) =>
  repeatOnConflict(async () => {
    const { store } = context;
    const row = await store.get(file, id);
    const known = await store.get(data, id);
    await store.commit(await sourceChange(context), ...(await dataChanges(row, known, context)));
    return { file: id, state: (await store.get(data, id))?.state ?? "" };
  }),
);

async function sourceChange(context: PlatformContext): Promise<Change> {
  const { store, clock } = context;
  const { totalBytes, freeBytes } = await askItself(fileRoom, {}, context);
  const source = await store.get(dataSource, OWN_STORE);
  const room = { totalBytes, freeBytes, availableBytes: availableBytes({ freeBytes, placingBytes: 0 }) };
  if (source !== undefined) return updated(dataSource, source, { ...room, reportedAt: clock.now() });
  const draft = {
    ...room,
    name: OWN_STORE,
    device: "",
    path: "",
    kind: "store" as const,
    takesData: false,
    failure: "",
  };
  return created(dataSource, OWN_STORE, {
    ...draft,
    reservedBytes: 0,
    placingBytes: 0,
    tags: {},
    reportedAt: clock.now(),
  });
}

async function dataChanges(
  row: FileRow | undefined,
  known: Data | undefined,
  { store, clock }: PlatformContext,
): Promise<readonly Change[]> {
  if (row === undefined && known !== undefined && known.state !== "removed")
    return [moved(data, known, "remove"), await noted(known.id, { at: clock.now(), what: "removed" }, store)];
  if (row === undefined) return [];
  if (row.state !== "ready" || row.isPassing === true || known !== undefined) return [];
  const { id, name, bytes, sha256: hash, device: from, updatedAt: modifiedAt } = row;
  const holder = from === undefined ? undefined : await store.get(device, from);
  const tags = automaticTags({ name, source: OWN_STORE, ...(holder !== undefined && { from: holder.name }) });
  const place = { source: OWN_STORE, device: "", access: "read" as const, ...(from !== undefined && { from }) };
  const evidence = await store.get(evidenceFiles, id);
  const alert = evidence?.alert ?? (await alertOf(row, store));
  return [
    ...(evidence === undefined ? [] : [removed(evidenceFiles, id)]),
    created(data, id, {
      ...(alert !== undefined && { lineage: { data: "", device: from ?? "", request: "", at: row.createdAt, alert } }),
      name,
      bytes,
      hash,
      modifiedAt,
      ...place,
      tags,
      givenTags: {},
    }),
  ];
}

/** What a policy had a device send is evidence for its alert there, or for that of a group: of which one, the rollout says that asked for it. */
async function alertOf({ id, author, device: from }: FileRow, store: Store): Promise<string | undefined> {
  const [, policy] = /^policy:(.+)$/.exec(author) ?? [];
  if (policy === undefined || from === undefined) return undefined;
  // What was sent for a command has the command's id.
  const asked = await store.get(command, id);
  const rollout = asked && (await store.get(job, asked.job))?.rollout;
  return rollout === undefined ? alertId(policy, from) : (await store.get(evidenceRollouts, rollout))?.alert;
}
