import type { CommandKind } from "@edgemere/protocol";
import { exec } from "./exec.ts";
import type { Handler } from "./handler.ts";
import { inventoryRefresh } from "./inventory-refresh.ts";
import { ping } from "./ping.ts";
import { serviceStatus } from "./service-status.ts";

export type Handlers = { readonly [K in CommandKind]: Handler<K> };

/** What this agent can do. */
export const handlers: Handlers = {
  ping,
  exec,
  "inventory.refresh": inventoryRefresh,
  "service.status": serviceStatus,
};
