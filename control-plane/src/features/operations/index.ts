import { feature } from "../../platform/feature.ts";
import { operationsActions } from "./actions.ts";
import { backup, storage } from "./contract.ts";
import type { OperationsContext } from "./context.ts";
import { operationsFigures } from "./figures.ts";
import { makeBackups, scheduleBackups, watchStorage } from "./loops.ts";

export type { OperationsContext } from "./context.ts";

export const operations = feature<OperationsContext>({
  name: "operations",
  resources: [storage, backup],
  actions: operationsActions,
  loops: (context) => [watchStorage(context), makeBackups(context), scheduleBackups(context)],
  figures: operationsFigures,
});
