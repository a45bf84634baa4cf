import { cutText, limits } from "@edgemere/protocol";
import type { PackageOutcome, PackageRequest } from "../../host/host.ts";
import { reasonOf } from "../host-reasons.ts";
import type { ArgumentsOf, HandlerContext, Outcome, ResultOf } from "./handler.ts";

/** Installs packages of the operating system. */
export const packageInstall = changing("install");
/** Removes packages of the operating system. */
export const packageRemove = changing("remove");
/** Upgrades packages of the operating system, or all of them. */
export const packageUpgrade = changing("upgrade");

// Debian Policy 5.6.1 and 5.6.12, and an architecture. A name that ends in "-" would ask apt for a removal, and what holds
// other characters is a pattern or an option to it.
const PACKAGE = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+](:[a-z0-9][a-z0-9-]*)?(=[0-9][A-Za-z0-9.+:~-]*)?$/;

type Given = ArgumentsOf<"package.install">;

/** What is wrong with the packages of a command; undefined when nothing is. */
export function packagesWrong(
  change: PackageRequest["change"],
  { packages, configuration }: Given,
): string | undefined {
  if (packages.length > limits.packages) return `packages: at most ${limits.packages} at once`;
  if (packages.length === 0 && change !== "upgrade") return "packages: none is named";
  const odd = packages.find((each) => !PACKAGE.test(each) || each.length > limits.nameLength);
  if (odd !== undefined) return cutText(`packages: "${odd}" is no package: write name or name=version`);
  if (change === "remove" && packages.some((each) => each.includes("="))) return "packages: a removal takes no version";
  return ["", "keep", "replace"].includes(configuration) ? undefined : `configuration: must be keep or replace`;
}

function changing(change: PackageRequest["change"]) {
  return {
    check: (given: Given) => packagesWrong(change, given),
    run: async (given: Given, context: HandlerContext): Promise<Outcome<ResultOf<"package.install">>> => {
      const { host, output: onOutput, signal } = context;
      const { packages, refresh, purge, configuration, mayRemove, lockWaitMs: lockWait } = given;
      const outcome = await host.changePackages({
        change,
        packages,
        refresh,
        purge,
        configuration: configuration === "replace" ? "replace" : "keep",
        mayRemove,
        lockWait,
        onOutput,
        signal,
      });
      const { failure } = outcome;
      const result = resultOf(outcome);
      return failure ? { reason: reasonOf(failure), detail: cutText(failure.message), result } : { result };
    },
  };
}

const resultOf = ({ changes, held, isRepaired, outputBytes, droppedBytes }: PackageOutcome) => ({
  changes: changes.slice(0, limits.packageChanges),
  changed: changes.length,
  held: held.slice(0, limits.packageChanges),
  isRepaired,
  outputBytes,
  droppedBytes,
});
