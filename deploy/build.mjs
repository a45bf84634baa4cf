// Brings every */dist up to date with its sources. `npm run build`
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { filesBelow, isMain, isStale, main, root, run, step, tool, workspaces } from "./steps.mjs";

const programs = ["protocol", "agent", "control-plane"];
const portal = "control-plane/portal";
const pretty = process.stdout.isTTY ? ["--pretty"] : [];
const builtPortal = "control-plane/dist/pages";

/** What is needed to run is built; with `everything`, the simulators and the tests as well. */
export async function build({ everything = true } = {}) {
  const staleProtocol = isStale("protocol/generated/v1.js", [
    "protocol/generate.mjs",
    ...filesBelow("protocol/proto", (path) => path.endsWith(".proto")),
  ]);
  if (staleProtocol) await step("protocol messages", generateProtocol);
  await step("typescript", () => compile(everything ? workspaces : programs));
  if (isPortalStale()) await step("portal", buildPortal);
}

const generateProtocol = async () => void (await run(process.execPath, ["protocol/generate.mjs"]));

async function compile(folders) {
  const orphans = folders.flatMap(orphansOf);
  for (const path of orphans) rmSync(join(root, path));
  await run(tool("tsc"), ["-b", ...folders, ...pretty]);
  return orphans.length > 0 ? `${orphans.length} outputs of deleted sources removed` : "";
}

/** `tsc -b` leaves the outputs of deleted sources behind, so that a removed test would go on running. */
function orphansOf(workspace) {
  const manifest = join(root, workspace, "tsconfig.json");
  if (!existsSync(manifest)) return [];
  const { rootDir } = JSON.parse(readFileSync(manifest, "utf8")).compilerOptions;
  const dist = join(workspace, "dist");
  return filesBelow(
    dist,
    (path) => !path.startsWith(builtPortal) && /\.(js|js\.map|d\.ts|d\.ts\.map)$/.test(path),
  ).filter((path) => {
    const source = join(root, workspace, rootDir, relative(dist, path)).replace(/\.(js|d\.ts)(\.map)?$/, "");
    return !existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`);
  });
}

const isPortalStale = () =>
  existsSync(join(root, portal, "vite.config.ts")) &&
  isStale(`${builtPortal}/index.html`, [
    ...filesBelow(portal),
    ...filesBelow("control-plane/src", (path) => path.includes("/faces/client") || path.includes("contract")),
  ]);

const buildPortal = async () =>
  void (await run(tool("vite"), ["build", portal, "--config", `${portal}/vite.config.ts`, "--logLevel", "warn"]));

if (isMain(import.meta)) await main(build);
