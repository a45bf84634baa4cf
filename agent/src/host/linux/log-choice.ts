import { HostError } from "../host.ts";

/** Which files a path means, and below which of the open folders: one file, all of a folder, or those that fit where `*` stands. */
export function filesMeant(
  pattern: string,
  roots: readonly string[],
): { readonly root: string; readonly means: (name: string) => boolean } {
  const folders = roots.filter((root) => pattern === root || pattern.startsWith(`${root}/`));
  // The innermost: a mount below another is a root of its own.
  const [root] = folders.sort((a, b) => b.length - a.length);
  if (root === undefined || pattern.split("/").some((part) => part === ".." || part === "."))
    throw new HostError(
      "not-allowed",
      `${pattern} is in no folder of this host that is open to the agent (${roots.join(", ") || "none is"}); log-root there opens one`,
    );
  const rest = pattern.slice(root.length + 1);
  const parts = rest.split("/").map((part) => part.split("*").map(literal).join("[^/]*"));
  const fits = new RegExp(`^${parts.join("/")}$`);
  return { root, means: (name) => rest === "" || fits.test(name) || name.startsWith(`${rest}/`) };
}

const literal = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}-]/g, String.raw`\$&`);

/** Of such a file there are no lines to be read. */
export const isPacked = (name: string): boolean => /\.(gz|xz|bz2|zst)$/.test(name);

/** How many of its last bytes each source may send: all, as long as there is room; then what is left; then nothing. */
export function sharesOf(sizes: readonly number[], room: number): readonly number[] {
  let left = room;
  return sizes.map((size) => {
    const share = Math.min(size, left);
    left -= share;
    return share;
  });
}
