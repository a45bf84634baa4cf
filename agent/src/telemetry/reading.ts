export type { TelemetryReading } from "../host/host.ts";
