import { SECOND } from "@edgemere/protocol/kit";
import { gauge, type Family } from "../../platform/figures.ts";
import { storageStates } from "../../platform/disk-guard.ts";
import { backup } from "./contract.ts";
import type { OperationsContext } from "./context.ts";

/** The disk and the backups. */
export async function operationsFigures({ store, operations }: OperationsContext): Promise<readonly Family[]> {
  const { state, freeBytes, totalBytes, lowBelow, readonlyBelow } = operations.storage();
  const { items } = await store.list(backup, { index: "state", prefix: ["ready"], reverse: true, limit: 1 });
  const [newest] = items;
  const one = (name: string, help: string, value: number) => gauge({ name, help }, [[{}, value]]);
  return [
    gauge(
      { name: "edgemere_storage_state", help: "1 for the state that the disk is in" },
      storageStates.map((each) => [{ state: each }, Number(each === state)]),
    ),
    one("edgemere_storage_free_bytes", "Free on the disk of the store, without the ballast", freeBytes),
    one("edgemere_storage_size_bytes", "Size of the disk of the store", totalBytes),
    one("edgemere_storage_low_bytes", "Below so many free bytes there is an alarm", lowBelow),
    one("edgemere_storage_readonly_bytes", "Below so many free bytes nothing new is taken", readonlyBelow),
    one(
      "edgemere_generation",
      "Which life of the control plane this is: one more after each restore",
      operations.generation(),
    ),
    gauge(
      { name: "edgemere_backup_timestamp_seconds", help: "When the newest backup was ready; absent without one" },
      newest === undefined ? [] : [[{}, newest.updatedAt / SECOND]],
    ),
    gauge(
      { name: "edgemere_backup_size_bytes", help: "Size of the newest backup; absent without one" },
      newest === undefined ? [] : [[{}, newest.fileBytes]],
    ),
  ];
}
