import { readdirSync, readFileSync } from "node:fs";

/** A text of the kernel, or undefined where this kernel has none or does not show it. Answered from memory, so it is cheapest to wait for it. */
export function kernelText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Names in a folder of the kernel, sorted; none where there is no such folder. */
export function kernelNames(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
