import { TAG_LENGTH } from "./contract.ts";

type Tags = Readonly<Record<string, string>>;

const kinds: Readonly<Record<string, readonly string[]>> = {
  log: ["log", "journal", "out", "err"],
  text: ["txt", "md", "rst", "conf", "ini", "toml", "yaml", "yml", "xml", "html"],
  json: ["json", "jsonl", "ndjson", "geojson"],
  csv: ["csv", "tsv"],
  image: ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "avif", "heic"],
  capture: ["pcap", "pcapng", "cap"],
  database: ["dump", "sqlite"],
  archive: ["zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z"],
};

/** The last word of a file's name after a dot, lower case; empty when there is none. A dot at the start hides a file and ends no name. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
  return extension.length <= TAG_LENGTH ? extension : "";
}

export function kindOf(path: string): string {
  const extension = extensionOf(path);
  // Logs that were turned over carry a number: syslog.log.1.
  if (/^\d+$/.test(extension) && extension.length <= 4) return kindOf(path.slice(0, path.lastIndexOf(".")));
  return Object.keys(kinds).find((kind) => kinds[kind]?.includes(extension)) ?? "other";
}

/** What the catalogue says of a piece of data without being told. */
export const automaticTags = (place: { name: string; source: string; device?: string; from?: string }): Tags => ({
  kind: kindOf(place.name),
  source: place.source,
  ...(place.device !== undefined && { device: place.device }),
  ...(place.from !== undefined && { from: place.from }),
  ...(extensionOf(place.name) !== "" && { extension: extensionOf(place.name) }),
});
