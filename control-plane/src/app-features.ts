import { audit, type AuditContext } from "./features/audit/index.ts";
import { dataCatalogue, type DataCatalogueContext } from "./features/data-catalogue/index.ts";
import { dataOrchestrator, type DataOrchestratorContext } from "./features/data-orchestrator/index.ts";
import { delivery, type DeliveryContext } from "./features/delivery/index.ts";
import { devices, type DevicesContext } from "./features/devices/index.ts";
import { files, type FilesContext } from "./features/files/index.ts";
import { identity, type IdentityContext } from "./features/identity/index.ts";
import { jobs, type JobsContext } from "./features/jobs/index.ts";
import { keys, type KeysContext } from "./features/keys/index.ts";
import { notifier, type NotifierContext } from "./features/notifier/index.ts";
import { operations, type OperationsContext } from "./features/operations/index.ts";
import { outlets, type OutletsContext } from "./features/outlets/index.ts";
import { policies, type PoliciesContext } from "./features/policies/index.ts";
import { releases, type ReleasesContext } from "./features/releases/index.ts";
import { telemetryAggregator, type TelemetryContext } from "./features/telemetry-aggregator/index.ts";
import { terminals, type TerminalsContext } from "./features/terminals/index.ts";
import type { CoreContext } from "./core.ts";

/** All that the control plane does. */
export const features = [
  devices,
  delivery,
  jobs,
  terminals,
  files,
  releases,
  telemetryAggregator,
  outlets,
  dataCatalogue,
  dataOrchestrator,
  policies,
  notifier,
  identity,
  keys,
  operations,
  audit,
];

/** What they need of their surroundings. */
export type AppContext = CoreContext &
  DevicesContext &
  DeliveryContext &
  JobsContext &
  TerminalsContext &
  FilesContext &
  ReleasesContext &
  TelemetryContext &
  OutletsContext &
  DataCatalogueContext &
  DataOrchestratorContext &
  PoliciesContext &
  NotifierContext &
  IdentityContext &
  KeysContext &
  OperationsContext &
  AuditContext;
