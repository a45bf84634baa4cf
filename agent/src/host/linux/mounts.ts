/** A mounted file system worth watching. */
export interface Mount {
  readonly path: string;
  readonly type: string;
  readonly source: string;
}

// File systems on a disk of this machine. Anything else is made up by the kernel, or hangs when a network does.
const LOCAL_TYPES = new Set(
  "ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs jfs reiserfs nilfs2 vfat exfat ntfs ntfs3 ubifs jffs2 yaffs2".split(" "),
);
// Inside a container the root is one of these.
const ROOT_TYPES = new Set(["overlay", "aufs", "rootfs", "tmpfs"]);
// Single files that a container runtime mounts over the image's own.
const SYSTEM_PATH = /^\/(proc|sys|dev|etc)\//;
const MOST_MOUNTS = 32;
const LONGEST_PATH = 256;

/** From /proc/self/mountinfo: one mount of each local file system, the one with the shortest path. */
export function localMounts(text: string): readonly Mount[] {
  const shortest = new Map<string, Mount>();
  for (const line of text.split("\n")) {
    const found = mountOf(line);
    if (found === undefined) continue;
    const known = shortest.get(found.identity);
    if (known === undefined || found.mount.path.length < known.path.length) shortest.set(found.identity, found.mount);
  }
  return [...shortest.values()].sort((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MOST_MOUNTS);
}

function mountOf(line: string): { readonly identity: string; readonly mount: Mount } | undefined {
  const [before = "", after = ""] = line.split(" - ");
  const [, , device = "", , escapedPath = ""] = before.split(" ");
  const [type = "", escapedSource = ""] = after.split(" ");
  const [path, source] = [unescaped(escapedPath), unescaped(escapedSource)];
  if (!LOCAL_TYPES.has(type) && !(path === "/" && ROOT_TYPES.has(type))) return undefined;
  if (SYSTEM_PATH.test(path) || path === "" || path.length > LONGEST_PATH) return undefined;
  // Each btrfs subvolume has a device number of its own, but one source.
  return { identity: source.startsWith("/") ? source : device, mount: { path, type, source } };
}

/** The type of what is mounted last at exactly this path; undefined where nothing is. From /proc/self/mountinfo. */
export function mountedAt(text: string, place: string): string | undefined {
  const lines = text.split("\n").filter((line) => unescaped(line.split(" ")[4] ?? "") === place);
  return lines.at(-1)?.split(" - ")[1]?.split(" ")[0];
}

/** The kernel writes blanks, tabs, line ends and backslashes in octal. */
const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8)));
