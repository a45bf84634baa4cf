import { X509Certificate } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { streamNames, type StreamName } from "@edgemere/protocol";
import { DAY, HOUR, MINUTE, nodeDisk } from "@edgemere/protocol/kit";
import { lookAtStream, type StreamFiles } from "./link/spool/look.ts";
import { readDataUse, type DataUse } from "./link/data-use.ts";
import { loadIdentity } from "./link/identity.ts";
import { ownerOfFolder } from "./lock.ts";

/** What the data folder tells, whether an agent runs on it or not. */
export interface FolderStatus {
  readonly dataFolder: string;
  /** Absent when the host is not enrolled; then so are the fields up to `certificateUntil`. */
  readonly device?: string;
  readonly name?: string;
  readonly trustDomain?: string;
  readonly server?: string;
  /** Of the broker, the preferred one first. */
  readonly addresses?: readonly string[];
  readonly certificateUntil?: string;
  /** Process that runs on the folder. */
  readonly process?: number;
  readonly spool: Readonly<Record<StreamName, StreamFiles>>;
  readonly journalBytes: number;
  /** Absent before the first few minutes of the first run. */
  readonly dataUse?: DataUse;
}

export async function readStatus(dataFolder: string): Promise<FolderStatus> {
  const disk = nodeDisk(dataFolder);
  const identity = await loadIdentity(disk);
  const process = await ownerOfFolder(dataFolder);
  const dataUse = await readDataUse(disk);
  const spool = {} as Record<StreamName, StreamFiles>;
  for (const stream of streamNames) spool[stream] = await lookAtStream(disk, stream);
  return {
    dataFolder,
    ...(identity !== undefined && {
      device: identity.device,
      name: identity.name,
      trustDomain: identity.trustDomain,
      server: identity.server,
      addresses: identity.mqtt,
      certificateUntil: new X509Certificate(identity.certificate).validTo,
    }),
    ...(process !== undefined && { process }),
    spool,
    journalBytes: await bytesIn(join(dataFolder, "commands")),
    ...(dataUse !== undefined && { dataUse }),
  };
}

/** `now` is the device's own wall clock. */
export function statusText(status: FolderStatus, now: number): string {
  const { device, name, server, addresses = [], trustDomain, certificateUntil, spool, dataUse } = status;
  const lines = [
    device === undefined
      ? ["Device", 'not enrolled; enrol it with "edgemere-agent enrol TOKEN"']
      : ["Device", `${name ?? ""} (${device})`],
    ...(device === undefined
      ? []
      : [
          ["Server", `${server ?? ""}, trust domain ${trustDomain ?? ""}`],
          ["Addresses", addresses.join(", ")],
          ["Certificate", `until ${certificateUntil ?? ""}`],
        ]),
    ["Agent", status.process === undefined ? "not running" : `runs as process ${status.process}`],
    ["Data folder", status.dataFolder],
    ...streamNames.map((stream) => [`Spool ${stream}`, filesText(spool[stream], now)]),
    ["Journal", inKiB(status.journalBytes)],
    ...(dataUse === undefined ? [] : [["Data", `${(dataUse.bytes / 1e6).toFixed(1)} MB in ${dataUse.month}`]]),
  ];
  return lines.map(([what = "", value = ""]) => `${what.padEnd(15)} ${value}`).join("\n");
}

const inKiB = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

function filesText({ records, bytes, oldestMs, givenUp }: StreamFiles, now: number): string {
  const age = oldestMs === undefined ? "" : `, the oldest from ${ageText(now - oldestMs)} ago`;
  const lost = givenUp === 0 ? "" : `; ${givenUp} given up`;
  // Delivered records leave with their file.
  return records === 0 ? `empty${lost}` : `up to ${records} records wait, ${inKiB(bytes)}${age}${lost}`;
}

function ageText(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.round(ms / DAY)} days`;
  return ms >= 2 * HOUR ? `${Math.round(ms / HOUR)} hours` : `${Math.max(0, Math.round(ms / MINUTE))} minutes`;
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
