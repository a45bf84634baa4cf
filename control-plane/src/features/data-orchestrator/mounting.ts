import { moved, put, removed, type Change } from "../../platform/change.ts";
import type { Store } from "../../platform/store.ts";
import { data } from "../data-catalogue/contract.ts";
import { noted } from "../data-catalogue/history-contract.ts";
import { mountedAt, mountedContent } from "../files/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";
import { dataInstance, type DataInstance } from "./contract.ts";
import { hasChanged } from "./instance-life.ts";
import { woken } from "./tables.ts";

/** The device of an instance may read its content from now on, and as long as it does the content is kept in the centre. */
export const mayRead = ({ device, hash }: Pick<DataInstance, "device" | "hash">): Change =>
  put(mountedContent, { id: mountedAt(device, hash), device, sha256: hash });

/** Its device shows it: ready. Nothing of it lies there. */
export async function mounted(
  row: DataInstance,
  { store, clock }: DataOrchestratorContext,
): Promise<readonly Change[]> {
  const origin = await store.get(data, row.data);
  const happening = { at: clock.now(), what: "placed" as const, request: row.request ?? "", instance: row.id };
  return [
    moved(dataInstance, row, "place", { cause: "", tries: 0 }),
    ...woken(row.request),
    ...(origin === undefined || hasChanged(origin, row.hash) ? [] : [await noted(origin.id, happening, store)]),
  ];
}

/** It may be read there no more, unless another instance is the same file. */
export async function mayReadNoMore(row: DataInstance, store: Store): Promise<readonly Change[]> {
  for await (const { id, decision } of store.scan(dataInstance, { index: "place", prefix: [row.source, row.path] }))
    if (id !== row.id && decision === "mount") return [];
  return [removed(mountedContent, mountedAt(row.device, row.hash))];
}
