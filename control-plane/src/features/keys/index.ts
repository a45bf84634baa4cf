import { feature } from "../../platform/feature.ts";
import { keyActions } from "./actions.ts";
import type { KeysContext } from "./context.ts";

export type { KeysContext } from "./context.ts";

export const keys = feature<KeysContext>({ name: "keys", resources: [], actions: keyActions });
