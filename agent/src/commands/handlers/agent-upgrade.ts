import { compareVersions, open, ProtocolError, type AgentRelease } from "@edgemere/protocol";
import { aborted, DAY, SECOND } from "@edgemere/protocol/kit";
import { BadArchive, type HostReleases } from "../../host/host-releases.ts";
import { HostError } from "../../host/host.ts";
import type { TrialEnd } from "../../upgrade/trial.ts";
import { fetchInto, isToGoOn } from "../files/fetching.ts";
import type { ArgumentsOf, HandlerContext, Outcome, ProbeHandler, ResultOf } from "./handler.ts";

type Ended = Outcome<ResultOf<"agent.upgrade">>;

const SHORTEST = 5 * SECOND;
const LONGEST_START = 600 * SECOND;

/** Has another release take the place of this agent; a watcher takes it back when it does not prove itself. */
export const agentUpgrade: ProbeHandler<"agent.upgrade"> = {
  check: ({ release, path, startWithinMs, confirmWithinMs }) => {
    if (!release) return "release: there is none";
    if (path !== "" && (!path.startsWith("/") || path.includes("\0")))
      return `path: ${JSON.stringify(path)} must start with /, or be left out`;
    if (startWithinMs < SHORTEST || startWithinMs > LONGEST_START)
      return `start_within_ms: must be from ${SHORTEST} to ${LONGEST_START}`;
    if (confirmWithinMs >= startWithinMs && confirmWithinMs <= DAY) return undefined;
    return `confirm_within_ms: must be at least start_within_ms, and at most ${DAY}`;
  },
  before: async (_given, { upgrade }) => upgrade.parts.version,
  run: async (given, context) => {
    const { releases, version: before } = context.upgrade.parts;
    if (releases === undefined)
      return {
        reason: "unsupported",
        detail: "no launcher started this agent, and nobody else could take a release back",
      };
    const release = releaseIn(given, context);
    if (typeof release === "string") return { reason: "bad-release", detail: release };
    if (release.version === before) return { result: { before, after: before, slot: "" } };
    const under = await releases.trial();
    if (under !== undefined) throw new HostError("busy", `the release ${under.version} is on trial`);
    return begin(release, given, releases, context);
  },
  after: async (given, before, context) => {
    const { command, upgrade, signal } = context;
    const { releases } = upgrade.parts;
    const end = (await releases?.ends())?.findLast((each) => each.command === command);
    if (end !== undefined) return outcomeOf(end);
    const trial = await releases?.trial();
    if (releases === undefined || trial?.command !== command) return undefined;
    if (trial.to !== releases.slot)
      return {
        reason: "failed",
        detail: "this agent was started by somebody else than its watcher, while a release is on trial",
      };
    await releases.mark({ command, state: "working", detail: "" });
    const trouble = await selfTest(context);
    if (trouble !== undefined) await releases.mark({ command, state: "failed", detail: trouble });
    else await Promise.race([upgrade.proved(command), aborted(signal)]);
    if (trouble !== undefined) await aborted(signal);
    await whenCancelled(releases, context);
    return { result: { before, after: trial.version, slot: trial.to } };
  },
};

/** The release that was signed, or why it is not taken here. */
function releaseIn(
  { release: envelope }: ArgumentsOf<"agent.upgrade">,
  { upgrade }: HandlerContext,
): AgentRelease | string {
  const { trust, version, correctedNow, releases } = upgrade.parts;
  try {
    const release = open("release", envelope ?? {}, trust);
    const { expiresAtMs, leastNode, mayGoBack } = release;
    if (expiresAtMs !== 0 && expiresAtMs <= correctedNow()) return "it was signed to be taken no more by now";
    if (leastNode !== "" && compareVersions(releases?.nodeVersion ?? "", leastNode) < 0)
      return `it needs Node ${leastNode}, and here is ${releases?.nodeVersion ?? "none"}`;
    if (compareVersions(release.version, version) < 0 && !mayGoBack)
      return `${release.version} is older than ${version}, and was not signed to take the place of a newer one`;
    return release;
  } catch (error) {
    if (error instanceof ProtocolError) return `${error.reason}: ${error.message}`;
    throw error;
  }
}

async function begin(
  release: AgentRelease,
  { path: named, startWithinMs: startWithin, confirmWithinMs: confirmWithin }: ArgumentsOf<"agent.upgrade">,
  releases: HostReleases,
  context: HandlerContext,
): Promise<Ended> {
  const { command, signal, upgrade } = context;
  const { version, sha256, bytes, unpackedBytes } = release;
  const { version: before } = upgrade.parts;
  let isLeft = false;
  try {
    const missing = named === "" ? await fetchArchive(release, releases, context) : undefined;
    if (missing !== undefined) return missing;
    const path = named === "" ? releases.archiveFor(command) : named;
    const to = await releases.install({ path, sha256, bytes, unpackedBytes }, signal);
    if (signal.aborted) return { reason: "failed", detail: "it was stopped" };
    const times = { startWithin, confirmWithin, starts: 0, deaths: 0, spent: 0 };
    await releases.arm({ command, from: releases.slot, to, before, version, ...times });
  } catch (error) {
    isLeft = isToGoOn(error, signal);
    if (error instanceof BadArchive) return { reason: "bad-release", detail: error.message };
    throw error;
  } finally {
    if (!isLeft) await releases.sweep(new Set());
  }
  upgrade.parts.restart();
  await aborted(signal);
  await whenCancelled(releases, context);
  return { reason: "failed", detail: "it was stopped" };
}

/** The archive comes as any content does: what was signed names it by its hash. Gives why it did not come. */
async function fetchArchive(
  { sha256: hash, bytes }: AgentRelease,
  releases: HostReleases,
  context: HandlerContext,
): Promise<Ended | undefined> {
  const { road } = context.files;
  if (road === undefined) return { reason: "unsupported", detail: "nothing comes to this device beside MQTT" };
  const sha256 = Buffer.from(hash).toString("hex");
  const { command } = context;
  const wanted = { bytes, sha256, road };
  const fetched = await fetchInto(() => releases.receive({ command, bytes, sha256 }), wanted, context);
  return "reason" in fetched ? { reason: fetched.reason, detail: fetched.detail } : undefined;
}

/** Whoever calls it back wants the former release; that the command's own time is over says nothing of the release. */
async function whenCancelled(releases: HostReleases, { command, signal }: HandlerContext): Promise<void> {
  if (signal.aborted && signal.reason === "cancelled")
    await releases.mark({ command, state: "failed", detail: "its command was cancelled" });
}

/** What a release needs for its commands, and can only fail at by itself. */
async function selfTest({ host, signal, command }: HandlerContext): Promise<string | undefined> {
  try {
    const { exitCode } = await host.run({
      argv: ["/bin/sh", "-c", "exit 0"],
      maxOutputBytes: 0,
      mark: command,
      signal,
    });
    return exitCode === 0 || signal.aborted ? undefined : "a program that ends with 0 ended with another code";
  } catch (error) {
    return error instanceof Error ? error.message : "it cannot run a program";
  }
}

function outcomeOf({ isKept, before, version, slot, detail }: TrialEnd): Ended {
  if (isKept) return { result: { before, after: version, slot } };
  return {
    reason: "rolled-back",
    detail: `${version} was taken back: ${detail}`,
    result: { before, after: before, slot },
  };
}
