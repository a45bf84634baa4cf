import { handle } from "../../platform/action.ts";
import { created, moved, put, removed, updated } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import type { Store } from "../../platform/store.ts";
import type { DataCatalogueContext } from "./context.ts";
import { dataSource, type DataSource } from "./contract.ts";
import * as contract from "./object-store-contract.ts";
import { buckets, objectErrands, unsettledSources, type BucketRow } from "./tables.ts";

export const objectStoreActions = [
  handle(contract.registerBucket, async (input, { objectStores, ...context }: DataCatalogueContext) =>
    repeatOnConflict(async () => {
      const { store, newId, clock } = context;
      const { name, endpoint, bucket, prefix = "", region = "us-east-1", accessKey, secretKey } = input;
      const { writable = false, room = 1024 ** 4, tags = {}, rules = [] } = input;
      if (objectStores?.allowed.includes(endpoint) !== true)
        throw new Problem("forbidden", `nothing at ${endpoint} may be asked; allow it with the option object-store`, {
          errors: [
            { pointer: "/endpoint", detail: `must be one of: ${objectStores?.allowed.join(", ") || "none yet"}` },
          ],
        });
      const known = await bucketNamed(name, store);
      const id = known?.id ?? newId();
      const now = clock.now();
      const place = { endpoint, bucket, prefix, region, accessKey, sealedKey: objectStores.seal(secretKey, id) };
      const row: BucketRow = { id, ...place, isWritable: writable, room, rules, tries: 0, nextTryAt: now };
      const shown = { path: `${endpoint}/${bucket}/${prefix}`, takesData: writable, tags, nextTryAt: now };
      // What it is worth shows when it was looked at; what was known of it from before stays.
      const waiting = { failure: "it is about to be looked at", totalBytes: room };
      if (known === undefined) {
        const empty = { freeBytes: 0, availableBytes: 0, reservedBytes: 0, placingBytes: 0, reportedAt: now };
        const draft = { name, device: "", kind: "bucket" as const, ...shown, ...waiting, ...empty };
        await store.commit(created(dataSource, id, draft, "suspended"), put(buckets, row));
      } else if (known.state === "shutdown") {
        await store.commit(moved(dataSource, known, "resume", { ...shown, totalBytes: room }), put(buckets, row));
      } else {
        await store.commit(updated(dataSource, known, { ...shown, totalBytes: room }), put(buckets, row));
      }
      return resolve(store, dataSource, id);
    }),
  ),
  handle(contract.unregisterBucket, async ({ source: ref }, { store, newId }: DataCatalogueContext) =>
    repeatOnConflict(async () => {
      const source = await bucketSource(store, ref);
      if (source.state !== "shutdown")
        await store.commit(
          moved(dataSource, source, "shutdown", { failure: "it was unregistered" }),
          removed(buckets, source.id),
          put(unsettledSources, { id: newId(), source: source.id }),
        );
      return resolve(store, dataSource, source.id);
    }),
  ),
  handle(contract.askBucket, async ({ errand, source: ref, name, sha256 }, { store, clock }: DataCatalogueContext) => {
    const source = await bucketSource(store, ref);
    if (source.state !== "ready")
      throw new Problem("conflict", `the source "${source.name}" is ${source.state}: ${source.failure}`);
    if (errand !== "fetch" && !source.takesData)
      throw new Problem("conflict", `the source "${source.name}" takes no data`);
    const id = [errand, source.id, name, sha256].join(" ");
    const known = await store.get(objectErrands, id);
    const running = { state: "running" as const, cause: "" };
    if (known !== undefined && known.cause === "") return running;
    const at = clock.now();
    if (known === undefined || known.isTold === true) {
      const from = {
        ...(known?.file !== undefined && { file: known.file }),
        ...(known?.upload !== undefined && { upload: known.upload }),
      };
      await store.commit(put(objectErrands, { id, errand, source: source.id, name, sha256, ...from, cause: "", at }));
      return running;
    }
    await store.commit(put(objectErrands, { ...known, isTold: true, at }));
    return { state: "failed" as const, cause: known.cause };
  }),
];

async function bucketSource(store: Store, ref: string): Promise<DataSource> {
  const source = await resolve(store, dataSource, ref);
  if (source.kind === "bucket") return source;
  throw new Problem("conflict", `the source "${source.name}" is no bucket`);
}

async function bucketNamed(name: string, store: Store): Promise<DataSource | undefined> {
  const { items } = await store.list(dataSource, { index: "name", prefix: [name], limit: 100 });
  return items.find(({ kind }) => kind === "bucket");
}
