// Everything but the slow tests, from a clean dist. `npm run check`
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { engineRefusals } from "./engines.mjs";
import { runTests, testsBelow } from "./node-tests.mjs";
import { packageFaults } from "./packages.mjs";
import { isMain, main, root, run, step, StepFailed, tool, workspaces } from "./steps.mjs";

const released = "protocol/proto/released.binpb";
const portalTypes = "control-plane/portal/tsconfig.json";

/** Runs every check, also after one has failed, and returns an entry per test; throws StepFailed at the end when one failed. */
export async function check() {
  for (const workspace of workspaces) rmSync(join(root, workspace, "dist"), { recursive: true, force: true });
  await build();

  const entries = [];
  const failed = [];
  const attempt = async (title, work) => {
    await work().catch((error) => {
      if (!(error instanceof StepFailed)) throw error;
      failed.push(title);
      entries.push(...(error.entries ?? []));
    });
  };

  await attempt("portal types", () => step("portal types", checkPortalTypes));
  await attempt("oxlint", () => step("oxlint", () => tell(tool("oxlint"))));
  await attempt("oxfmt", () => step("oxfmt", () => tell(tool("oxfmt"), "--check")));
  await attempt("knip", () => step("knip", () => tell(tool("knip"), "--no-progress")));
  await attempt("buf lint", () => step("buf lint", () => tell(tool("buf"), "lint", "protocol")));
  await attempt("buf breaking", () => step("buf breaking", checkReleasedProtocol));
  await attempt("node versions", () => step("node versions", checkEngines));
  await attempt("packages", () => step("packages", checkPackages));
  await attempt("bill of materials", () => step("bill of materials", () => tell(process.execPath, "deploy/sbom.mjs")));
  await attempt("tests", async () => entries.push(...(await runTests("tests", fastTests()))));

  return { entries, failed };
}

const tell = async (command, ...args) => void (await run(command, args));

const checkPortalTypes = async () =>
  existsSync(join(root, portalTypes)) ? tell(tool("tsc"), "--noEmit", "-p", portalTypes) : "there is no portal yet";

const checkReleasedProtocol = async () =>
  existsSync(join(root, released))
    ? tell(tool("buf"), "breaking", "protocol", "--against", released)
    : `skipped: no protocol is released yet (${released})`;

async function checkEngines() {
  const refusals = engineRefusals(join(root, "package-lock.json"));
  if (refusals.length > 0) throw new StepFailed("packages that refuse a Node we promise", refusals.join("\n"));
}

async function checkPackages() {
  const faults = packageFaults(root);
  if (faults.length > 0) throw new StepFailed("packages that cannot be built on", faults.join("\n"));
}

const fastTests = () => [
  ...[
    "protocol/dist",
    "agent/dist",
    "control-plane/dist",
    "simulators/dist",
    "test/dist/bench",
    "test/dist/conformance",
  ].flatMap(testsBelow),
  ...testsBelow("test/dist").filter((path) => path === join("test/dist", "planted.test.js")),
];

if (isMain(import.meta)) {
  await main(async () => {
    const { failed } = await check();
    if (failed.length > 0) throw new StepFailed(`failed: ${failed.join(", ")}`);
  });
}
