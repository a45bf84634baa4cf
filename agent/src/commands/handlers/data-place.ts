import { limits } from "@edgemere/protocol";
import type { HandlerContext } from "./handler.ts";

/** Names a file in a data source by what it holds. */
interface Named {
  readonly source: string;
  readonly path: string;
  readonly sha256: Uint8Array;
}

/** What is wrong with how a command names a file; undefined when nothing is. */
export function mistakeInNaming({ source, path, sha256 }: Named): string | undefined {
  if (source === "" || source.length > limits.nameLength) return "source: must name a data source of this device";
  if (sha256.length !== 32) return "sha256: must have 32 bytes";
  if (path.includes("\0") || Buffer.byteLength(path) > limits.textLength)
    return `path: has more than ${limits.textLength} bytes, or a zero byte`;
  return path.split("/").some((part) => part === "" || part === "." || part === "..")
    ? "path: must name a file below the directory of the source, without . and .."
    : undefined;
}

export const hexOf = (sha256: Uint8Array): string => Buffer.from(sha256).toString("hex");

/** What a copy is called begins with its hash: so it can stand in the way of nothing but an earlier copy of the same content. */
export const isNamedByHash = ({ path, sha256 }: Named): boolean =>
  path.startsWith(`${hexOf(sha256).slice(0, 16)}-`) && !path.includes("/");

/** Where a file is, in the words of file transfers; or why it is nowhere here. */
export function placeOf(
  { source: name, path }: Named,
  { data }: Pick<HandlerContext, "data">,
  { mustTake }: { readonly mustTake: boolean },
):
  | { readonly folder: string; readonly path: string; readonly roots: readonly string[] }
  | { readonly reason: "not-found" | "not-permitted"; readonly detail: string } {
  const source = data.find(name);
  if (source === undefined) return { reason: "not-found", detail: `there is no data source "${name}" here` };
  if (mustTake && source.takesData !== true)
    return {
      reason: "not-permitted",
      detail: `the data source "${name}" takes no data; source-takes here would say so`,
    };
  const folder = source.path.replace(/\/+$/, "");
  return { folder, path: `${folder}/${path}`, roots: [folder] };
}
