import { HostError, type PackageOutcome, type PackageRequest } from "../host.ts";
import { Apt, type Answer, type PackageMachine } from "./apt.ts";
import {
  changesBetween,
  faultIn,
  findPackage,
  isSamePackage,
  knownPackages,
  PACKAGE_FORMAT,
  planIn,
  type KnownPackage,
  type Plan,
} from "./package-texts.ts";

type Known = ReadonlyMap<string, KnownPackage>;

/**
 * Installs, removes or upgrades packages by apt, and sees what came of it. What a former run left half done is finished
 * first. Resolves also when it failed on the way: what changed by then is told with the failure.
 */
export async function changePackages(request: PackageRequest, machine: PackageMachine): Promise<PackageOutcome> {
  const apt = new Apt(machine, request);
  const before = await known(apt);
  const held = (await apt.question("apt-mark", "showhold")).text.split("\n").filter((name) => name !== "");
  const failure = await change(request, apt, before, held).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof HostError) return error;
      throw error;
    },
  );
  const after = await known(apt);
  return {
    changes: changesBetween(before, after),
    held,
    isRepaired: isBroken(before),
    outputBytes: apt.outputBytes,
    droppedBytes: apt.droppedBytes,
    failure: failure ?? (request.signal.aborted ? undefined : unreached(request, after)),
  };
}

const isBroken = (packages: Known): boolean => [...packages.values()].some((each) => each.isBroken);

async function known(apt: Apt): Promise<Known> {
  const { exitCode, text } = await apt.question("dpkg-query", "--show", `--showformat=${PACKAGE_FORMAT}`);
  // Of a machine without any package it says so, with code 1.
  if (exitCode !== 0 && !/no packages found/.test(text))
    throw new HostError("failed", `dpkg does not tell which packages there are: ${faultIn(text).words}`);
  return knownPackages(text);
}

async function change(request: PackageRequest, apt: Apt, before: Known, held: readonly string[]): Promise<void> {
  refuseHeld(request, before, held);
  const forced = request.configuration === "replace" ? ["--force-confnew"] : ["--force-confdef", "--force-confold"];
  succeeded("what dpkg had begun was not finished", await apt.order("dpkg", ...forced, "--configure", "--pending"));
  if (request.refresh)
    succeeded("the lists of packages were not fetched", await apt.order("apt-get", "--quiet", "update"));

  const now = isBroken(before) ? await known(apt) : before;
  const packages = touchable(request, now);
  if (packages.length === 0 && request.packages.length > 0) return;
  const words = [...options(request, forced), ...verbs(request), ...(packages.length > 0 ? ["--", ...packages] : [])];
  const simulated = await apt.question("apt-get", "--simulate", ...words);
  succeeded(`apt cannot ${request.change}`, simulated);
  await refusePlan({ ...request, packages }, planIn(simulated.text), now, apt);
  const subject =
    packages.length === 0 ? "the packages were" : `${packages.join(" ")} ${packages.length === 1 ? "was" : "were"}`;
  succeeded(`${subject} not ${participles[request.change]}`, await apt.order("apt-get", ...words));
}

/** The packages that apt is told of: what is not there it would take for a pattern. */
function touchable({ change, packages, purge }: PackageRequest, before: Known): readonly string[] {
  const find = (asked: string) => findPackage(before, parts(asked)[0]);
  if (change === "remove")
    return packages.filter((asked) => find(asked)?.isInstalled === true || (purge && find(asked)));
  const missing = packages.filter((asked) => find(asked)?.isInstalled !== true);
  if (change === "upgrade" && missing.length > 0)
    throw new HostError("not-found", `not installed on this device, so nothing to upgrade: ${missing.join(" ")}`);
  return packages;
}

const participles = { install: "installed", remove: "removed", upgrade: "upgraded" } as const;

function options({ mayRemove, change }: PackageRequest, forced: readonly string[]): readonly string[] {
  return [
    "--yes",
    "--quiet",
    "--fix-broken",
    "--allow-downgrades",
    ...(mayRemove || change === "remove" ? [] : ["--no-remove"]),
    ...["DPkg::Lock::Timeout=0", "Dpkg::Use-Pty=0", ...forced.map((each) => `DPkg::Options::=${each}`)].flatMap(
      (each) => ["--option", each],
    ),
  ];
}

function verbs({ change, purge, packages }: PackageRequest): readonly string[] {
  if (change === "remove") return [purge ? "purge" : "remove"];
  if (change === "install") return ["install"];
  return packages.length === 0 ? ["upgrade", "--with-new-pkgs"] : ["install", "--only-upgrade"];
}

function succeeded(what: string, { exitCode, text }: Answer): void {
  if (exitCode === 0) return;
  const { reason, words } = faultIn(text);
  throw new HostError(reason, `${what}: ${words}`);
}

/** A name as dpkg has it, and the version that was asked for. */
const parts = (asked: string): readonly [name: string, version: string | undefined] => {
  const [name = "", version] = asked.split("=");
  return [name, version];
};

/** Who holds a package wants it as it is. */
function refuseHeld({ change, packages }: PackageRequest, before: Known, held: readonly string[]): void {
  const touched = packages.filter((asked) => {
    const [name, version] = parts(asked);
    const installed = findPackage(before, name);
    const isThere =
      change === "install" && installed?.isInstalled === true && (version ?? installed.version) === installed.version;
    return held.includes(name) && !isThere;
  });
  if (touched.length > 0)
    throw new HostError(
      "not-allowed",
      `held on this device, so left as they are: ${touched.join(" ")}; apt-mark unhold there lets go of them`,
    );
}

/** What would touch more than was asked for, or take away what the agent itself runs by, is not begun. */
async function refusePlan(request: PackageRequest, plan: Plan, before: Known, apt: Apt): Promise<void> {
  const names = request.packages.map((asked) => parts(asked)[0]);
  const guessed = names.filter(
    (name) =>
      findPackage(before, name)?.isInstalled !== true && !plan.installs.some((each) => isSamePackage(each, name)),
  );
  if (request.change === "install" && guessed.length > 0)
    throw new HostError(
      "not-found",
      `there is no package ${guessed.join(" ")}; instead of it apt would install ${plan.installs.join(" ") || "nothing"}: name that`,
    );
  const isAsked = (name: string) => request.change === "remove" && names.some((each) => isSamePackage(each, name));
  const others = plan.removes.filter((name) => !isAsked(name));
  if (!request.mayRemove && others.length > 0)
    throw new HostError("not-allowed", `others would be removed with them: ${others.join(" ")}; mayRemove allows that`);
  if (plan.removes.length === 0) return;
  const { text: owner } = await apt.question("dpkg-query", "--search", process.execPath);
  const own = /^([^:\s]+)(?::\S+)?: /m.exec(owner)?.[1];
  if (own !== undefined && plan.removes.some((name) => isSamePackage(name, own)))
    throw new HostError("not-allowed", `${own} would be removed, by which the agent itself runs`);
}

/** Which package is not as it was asked to be; undefined when each is. */
function unreached({ change, packages }: PackageRequest, after: Known): HostError | undefined {
  for (const asked of packages) {
    const [name, version] = parts(asked);
    const found = findPackage(after, name);
    const isInstalled = found?.isInstalled === true;
    if (change === "remove" && isInstalled) return new HostError("failed", `${name} is still installed`);
    if (change === "upgrade" && !isInstalled)
      return new HostError("not-found", `${name} is not installed on this device`);
    if (change === "install" && !isInstalled) return new HostError("failed", `${name} is not installed after all`);
    if (change !== "remove" && version !== undefined && found?.version !== version)
      return new HostError("failed", `${name} is of version ${found?.version ?? "none"}, not ${version}`);
  }
  return undefined;
}
