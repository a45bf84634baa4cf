import type { commandKinds, CommandKind } from "@edgemere/protocol";
import { dataDrop } from "./data-drop.ts";
import { dataGet } from "./data-get.ts";
import { dataMount } from "./data-mount.ts";
import { dataPut } from "./data-put.ts";
import { dataReport } from "./data-report.ts";
import { dataSnapshot } from "./data-snapshot.ts";
import { agentUpgrade } from "./agent-upgrade.ts";
import { exec } from "./exec.ts";
import { configure } from "./configure.ts";
import { fileGet } from "./file-get.ts";
import { fileList } from "./file-list.ts";
import { filePut } from "./file-put.ts";
import type { BoundaryHandler, Handler, ProbeHandler } from "./handler.ts";
import { inventoryRefresh } from "./inventory-refresh.ts";
import { logCollect } from "./log-collect.ts";
import { networkChange } from "./network-change.ts";
import { packageInstall, packageRemove, packageUpgrade } from "./package-change.ts";
import { ping } from "./ping.ts";
import { policyPack } from "./policy-pack.ts";
import { reboot } from "./reboot.ts";
import { script } from "./script.ts";
import { serviceReload, serviceStart, serviceStop } from "./service-change.ts";
import { serviceRestart } from "./service-restart.ts";
import { serviceStatus } from "./service-status.ts";
import { terminalOpen } from "./terminal-open.ts";

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
  script,
  "inventory.refresh": inventoryRefresh,
  "log.collect": logCollect,
  "file.put": filePut,
  "file.get": fileGet,
  "file.list": fileList,
  configure,
  "service.status": serviceStatus,
  "service.start": serviceStart,
  "service.stop": serviceStop,
  "service.reload": serviceReload,
  "service.restart": serviceRestart,
  "package.install": packageInstall,
  "package.remove": packageRemove,
  "package.upgrade": packageUpgrade,
  "data.get": dataGet,
  "data.put": dataPut,
  "data.drop": dataDrop,
  "data.mount": dataMount,
  "data.report": dataReport,
  "data.snapshot": dataSnapshot,
  reboot,
  "network.change": networkChange,
  "agent.upgrade": agentUpgrade,
  "policy.pack": policyPack,
  "terminal.open": terminalOpen,
};
