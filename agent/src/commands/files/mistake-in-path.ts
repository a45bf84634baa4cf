import { limits } from "@edgemere/protocol";

/** What is wrong with a path that a command names; undefined when nothing is. */
export function mistakeInPath(path: string): string | undefined {
  if (!path.startsWith("/") || path.endsWith("/")) return "path: must start with / and name a file";
  if (path.includes("\0") || Buffer.byteLength(path) > limits.textLength)
    return `path: has more than ${limits.textLength} bytes, or a zero byte`;
  return path
    .split("/")
    .slice(1)
    .some((part) => part === "" || part === "." || part === "..")
    ? "path: must be written without . and .. and double /"
    : undefined;
}
