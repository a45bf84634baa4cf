import { someContent } from "../world/files.ts";
import { startSite, type Site } from "../world/site.ts";
import { startWorld } from "../world/world.ts";
import { figure } from "./statistics.ts";
import type { Table } from "./table.ts";

const DEVICES = 50;
const SIZES = [4 * 1024 ** 2, 16 * 1024 ** 2] as const;
/** Of the peer, whose every device fetches all of it. */
const PEER_BYTES = SIZES[0];
/** 1 Mbit/s. */
const LINE = 125_000;

/** What it takes of a site's thin line to bring one content to all of its devices. */
export async function data({
  devices = DEVICES,
  bytes,
}: {
  readonly devices?: number | undefined;
  /** Of the content; absent: a few sizes. */
  readonly bytes?: number | undefined;
}): Promise<readonly Table[]> {
  const tables: Table[] = [];
  for (const size of bytes === undefined ? SIZES : [bytes]) tables.push(await tableOf(devices, size));
  return tables;
}

async function tableOf(devices: number, bytes: number): Promise<Table> {
  const content = someContent(bytes);
  const changed = Buffer.concat([
    content.subarray(0, bytes / 2),
    Buffer.from("a word more"),
    content.subarray(bytes / 2),
  ]);
  const rows: string[][] = [];
  {
    await using world = await startWorld();
    await using site = await startSite(world, { devices, isShared: true, bytesPerSecond: LINE });
    rows.push(await row("devices give each other data", site, content));
    rows.push(await row("the same, changed in one place", site, changed));
  }
  {
    await using world = await startWorld();
    await using site = await startSite(world, { devices, isShared: false });
    const own = content.subarray(0, Math.min(bytes, PEER_BYTES));
    rows.push(await row(`each for itself, ${figure(own.length)} bytes, the line without end`, site, own));
  }
  return {
    title: `data: ${figure(bytes)} bytes to ${figure(devices)} devices of a site behind 1 Mbit/s`,
    columns: ["", "bytes over the line", "× the data", "seconds", "seconds at 1 Mbit/s at least"],
    rows,
    notes: [
      "Real agents on fake hosts, in one process. The line is a proxy before the device API that counts both ways, TLS and lists of chunks with it; MQTT goes beside it. " +
        "The data comes to the centre from a device elsewhere, which is in the seconds. Each for itself is what it is at every size, and is taken at 4 MiB at most.",
    ],
  };
}

async function row(title: string, site: Site, content: Uint8Array): Promise<string[]> {
  const begun = performance.now();
  const bytes = await site.bring("map.bin", content);
  const seconds = (performance.now() - begun) / 1_000;
  return [title, figure(bytes), (bytes / content.length).toFixed(2), figure(seconds), figure(bytes / LINE)];
}
