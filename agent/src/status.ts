import { X509Certificate } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { streamNames, type StreamName } from "@edgemere/protocol";
import { nodeDisk } from "@edgemere/protocol/kit";
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
  readonly certificateUntil?: string;
  /** Process that runs on the folder. */
  readonly process?: number;
  /** Bytes on the disk of records that are kept. */
  readonly spoolBytes: Readonly<Record<StreamName, number>>;
  readonly journalBytes: number;
}

export async function readStatus(dataFolder: string): Promise<FolderStatus> {
  const identity = await loadIdentity(nodeDisk(dataFolder));
  const process = await ownerOfFolder(dataFolder);
  const sizes = await Promise.all(
    streamNames.map(async (stream) => [stream, await bytesIn(join(dataFolder, "spool", stream))] as const),
  );
  return {
    dataFolder,
    ...(identity !== undefined && {
      device: identity.device,
      name: identity.name,
      trustDomain: identity.trustDomain,
      server: identity.server,
      certificateUntil: new X509Certificate(identity.certificate).validTo,
    }),
    ...(process !== undefined && { process }),
    spoolBytes: Object.fromEntries(sizes) as Record<StreamName, number>,
    journalBytes: await bytesIn(join(dataFolder, "commands")),
  };
}

export function statusText(status: FolderStatus): string {
  const { device, name, server, trustDomain, certificateUntil, spoolBytes } = status;
  const lines = [
    device === undefined
      ? ["Device", 'not enrolled; enrol it with "edgemere-agent enrol TOKEN"']
      : ["Device", `${name ?? ""} (${device})`],
    ...(device === undefined
      ? []
      : [
          ["Server", `${server ?? ""}, trust domain ${trustDomain ?? ""}`],
          ["Certificate", `until ${certificateUntil ?? ""}`],
        ]),
    ["Agent", status.process === undefined ? "not running" : `runs as process ${status.process}`],
    ["Data folder", status.dataFolder],
    ["Spool", streamNames.map((stream) => `${stream} ${inKiB(spoolBytes[stream])}`).join(", ")],
    ["Journal", inKiB(status.journalBytes)],
  ];
  return lines.map(([what = "", value = ""]) => `${what.padEnd(12)} ${value}`).join("\n");
}

const inKiB = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;

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
