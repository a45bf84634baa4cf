import type { Output } from "../../src/faces/client.ts";

export type DeviceRow = Output<"cpl/dm/device/find">;
export type BackupRow = Output<"ops/backup/list">["items"][number];
export type Storage = Output<"ops/storage/find">;
export type JobDetail = Output<"cpl/dm/job/find">;
export type CommandRow = JobDetail["commands"][number];
