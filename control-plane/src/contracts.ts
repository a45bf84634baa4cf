// Every action of the control plane, for those who call it: the command line, the portal, clients.
export * as audit from "./features/audit/contract.ts";
export * as certificates from "./features/devices/certificate-contract.ts";
export * as dataCatalogue from "./features/data-catalogue/contract.ts";
export * as dataOrchestrator from "./features/data-orchestrator/contract.ts";
export * as delivery from "./features/delivery/contract.ts";
export * as devices from "./features/devices/contract.ts";
export * as files from "./features/files/contract.ts";
export * as identity from "./features/identity/contract.ts";
export * as jobs from "./features/jobs/contract.ts";
export * as keys from "./features/keys/contract.ts";
export * as operations from "./features/operations/contract.ts";
export * as policies from "./features/policies/contract.ts";
export * as outlets from "./features/outlets/contract.ts";
export * as telemetryAggregator from "./features/telemetry-aggregator/contract.ts";
export * as terminals from "./features/terminals/contract.ts";
export * as edgeNodes from "./features/devices/edge-node-contract.ts";
export * as deviceTokens from "./features/devices/token-contract.ts";
