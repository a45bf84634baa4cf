import type { commandKinds, CommandKind } from "@edgemere/protocol";
import { exec } from "./exec.ts";
import type { BoundaryHandler, Handler, ProbeHandler } from "./handler.ts";
import { inventoryRefresh } from "./inventory-refresh.ts";
import { ping } from "./ping.ts";
import { reboot } from "./reboot.ts";
import { serviceRestart } from "./service-restart.ts";
import { serviceStatus } from "./service-status.ts";

/** What each interrupt class asks of a handler. */
type HandlerOf<K extends CommandKind> = {
  readonly once: Handler<K>;
  readonly converge: Handler<K>;
  readonly probe: ProbeHandler<K>;
  readonly boundary: BoundaryHandler<K>;
}[(typeof commandKinds)[K]["onInterrupt"]];

export type Handlers = { readonly [K in CommandKind]: HandlerOf<K> };

/** What this agent can do. */
export const handlers: Handlers = {
  ping,
  exec,
  "inventory.refresh": inventoryRefresh,
  "service.status": serviceStatus,
  "service.restart": serviceRestart,
  reboot,
};
