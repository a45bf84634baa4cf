import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const executable = process.env["EDGEMERE_CHROMIUM"] ?? inPath();

/** Why there can be no browser test here; false where there can. */
export const noChromium: string | false =
  executable === undefined && `none of ${NAMES.join(", ")} is in PATH; EDGEMERE_CHROMIUM may name one`;

/** The machine's own Chromium, without a window. */
export async function openBrowser(): Promise<Browser> {
  if (executable === undefined) throw new Error(`there is no browser: ${noChromium}`);
  // As root, in a container for example, Chromium has no sandbox to run in; it visits nothing but us.
  return chromium.launch({ executablePath: executable, chromiumSandbox: process.getuid?.() !== 0 });
}

function inPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
