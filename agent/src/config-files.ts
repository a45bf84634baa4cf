import { isAbsolute, resolve } from "node:path";
import { ConfigError, option, pair, repeatable, size, type Options, type Values } from "@edgemere/protocol/config";
import type { Bandwidth, BandwidthWindow } from "./commands/files/pace.ts";

export interface NeighbourAddress {
  readonly host: string;
  readonly port: number;
  /** As it is told. */
  readonly text: string;
}

/** Where data is given to devices on the same site, and how fast. */
export interface NeighbourConfig {
  readonly address: NeighbourAddress;
  readonly bytesPerSecond: number;
}

/** What files may come and go, and how fast. */
export const fileOptions = {
  "file-root": repeatable("DIR", "Folder below which file.put may write, file.get read, file.list look", fileRoot),
  bandwidth: repeatable(
    "HH:MM-HH:MM=SIZE",
    "Bytes a second that files may take of the link at that time of day, such as 06:00-20:00=128KiB [no end]",
    pair,
  ),
  "bandwidth-zone": {
    takes: "ZONE",
    about: "Time zone of that time of day, such as Europe/Berlin [the host's own]",
    read: zone,
  },
  "neighbour-listen": {
    takes: "HOST:PORT",
    about: "Address where devices on the same site fetch data of this one, as this one then does of them [nobody does]",
    read: neighbourAddress,
  },
  "neighbour-rate": option(
    "SIZE",
    "Bytes a second that neighbours may fetch here, all together",
    "8MiB",
    size(1_024, 1024 ** 4),
  ),
} satisfies Options;

function neighbourAddress(text: string): NeighbourAddress {
  const [, host = "", port = ""] = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) < 1 || Number(port) > 65_535)
    throw new ConfigError(`"${text}" is no address and port, such as 10.0.0.5:7443`);
  if (["0.0.0.0", "[::]", "*"].includes(host))
    throw new ConfigError(`"${text}" says nothing that neighbours could connect to: name the address that they reach`);
  return { host: host.replaceAll(/^\[|\]$/g, ""), port: Number(port), text };
}

function fileRoot(text: string): string {
  if (!isAbsolute(text)) throw new ConfigError(`"${text}" must be a folder that starts with /`);
  if (resolve(text) === "/") throw new ConfigError("the whole machine is no folder of files: name one, such as /srv");
  return resolve(text);
}

function zone(text: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new ConfigError(`"${text}" is no time zone; write it like Europe/Berlin`);
  }
}

const speed = size(1_024, 1024 ** 4);

/** Throws ConfigError. */
export function filesOf(values: Values<typeof fileOptions>): {
  readonly fileRoots: readonly string[];
  readonly bandwidth: Bandwidth;
  readonly neighbours?: NeighbourConfig;
} {
  const address = values["neighbour-listen"];
  return {
    ...(address !== undefined && { neighbours: { address, bytesPerSecond: values["neighbour-rate"] } }),
    fileRoots: [...new Set(values["file-root"])],
    bandwidth: {
      windows: values.bandwidth.map(windowOf),
      ...(values["bandwidth-zone"] !== undefined && { zone: values["bandwidth-zone"] }),
    },
  };
}

function windowOf([times, text]: readonly [string, string]): BandwidthWindow {
  const where = `--bandwidth ${times}=${text}`;
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(times) ?? [];
  if (from === undefined || to === undefined)
    throw new ConfigError(`${where}: write two times of day, such as 06:00-20:00=128KiB`);
  try {
    return { from: minuteIn(from), to: minuteIn(to), bytesPerSecond: speed(text) };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${where}: ${error.message}`);
    throw error;
  }
}

function minuteIn(text: string): number {
  const [hours = 0, minutes = 0] = text.split(":").map(Number);
  // The end of a day may be written, and is its beginning.
  if (hours * 60 + minutes <= 24 * 60 && minutes < 60) return (hours * 60 + minutes) % (24 * 60);
  throw new ConfigError(`"${text}" is no time of day`);
}
