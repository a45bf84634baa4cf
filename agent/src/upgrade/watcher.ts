import { SECOND, type Clock, type Log } from "@edgemere/protocol/kit";
import { judge, type Mark, type Slot, type Trial, type TrialEnd, type Verdict } from "./trial.ts";

/** What the watcher needs of the folder of releases. */
export interface WatchedFolder {
  trial(): Promise<Trial | undefined>;
  keepTrial(trial: Trial): Promise<void>;
  mark(): Promise<Mark | undefined>;
  ends(): Promise<readonly TrialEnd[]>;
  end(end: TrialEnd): Promise<void>;
  lead(slot: Slot): Promise<void>;
  forgetTrial(): Promise<void>;
}

/** A release that runs. */
export interface RunningAgent {
  /** Resolves with its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<string>;
  /** Ends it, by force when it takes too long; resolves when it has ended. */
  end(): Promise<void>;
}

interface WatchParts {
  readonly folder: WatchedFolder;
  readonly clock: Clock;
  readonly log: Log;
  readonly start: (slot: Slot) => RunningAgent;
  /** Aborted when whoever started the watcher wants all of it to end. */
  readonly stop: AbortSignal;
}

const LOOK_EVERY = SECOND / 2;
const PAUSE = SECOND;
/** The agent of a watcher that was killed lives on for a moment. */
const ALREADY_RUNNING = "5";
/** What it has run is written down this often: a power cut costs no more of it. */
const KEEP_EVERY = 15 * SECOND;

/**
 * Watches over a release that is on trial until it is kept or taken back, and then resolves: with the agent that still runs, if one does. Whatever
 * ends the watcher, the next one goes on from what is on the disk.
 */
export async function watchOver(parts: WatchParts): Promise<RunningAgent | undefined> {
  const { folder, log } = parts;
  for (;;) {
    const trial = await folder.trial();
    if (trial === undefined || parts.stop.aborted) return undefined;
    if (await isSettled(trial, folder)) continue;
    const before = judge(trial, { ...(await markOf(trial, folder)), running: 0 });
    if (before.verdict === "back") {
      await settle(trial, before, parts);
      continue;
    }
    await folder.lead(trial.to);
    const started = { ...trial, starts: trial.starts + 1 };
    await folder.keepTrial(started);
    log.info("a release is tried", { version: trial.version, slot: trial.to, starts: started.starts });
    const kept = await oneStart(started, parts);
    if (kept !== undefined) return kept;
  }
}

/** One start of the release; gives it when it is kept and runs on. */
async function oneStart(trial: Trial, parts: WatchParts): Promise<RunningAgent | undefined> {
  const { clock, folder, stop } = parts;
  const agent = parts.start(trial.to);
  const startedAt = clock.monotonic();
  const over = new AbortController();
  let end: string | undefined;
  void agent.ended.then((how) => {
    end = how;
    over.abort();
  });
  let keptAt = startedAt;
  for (;;) {
    const now = clock.monotonic();
    const verdict = judge(trial, { ...(await markOf(trial, folder)), running: now - startedAt });
    if (verdict.verdict === "keep") {
      await settle(trial, verdict, parts);
      return end === undefined ? agent : undefined;
    }
    const spent = trial.spent + now - startedAt;
    if (end !== undefined) {
      const isItsOwn = !stop.aborted && end !== ALREADY_RUNNING;
      await folder.keepTrial({ ...trial, spent, deaths: trial.deaths + (isItsOwn ? 1 : 0) });
      parts.log.warn("a release on trial has ended", { version: trial.version, end, isItsOwn });
      await clock.sleep(PAUSE, stop);
      return undefined;
    }
    if (verdict.verdict === "back") {
      await agent.end();
      // It may have come through while it was told to end.
      const last = judge(trial, { ...(await markOf(trial, folder)), running: now - startedAt });
      await settle(trial, last.verdict === "keep" ? last : verdict, parts);
      return undefined;
    }
    if (now - keptAt >= KEEP_EVERY) {
      keptAt = now;
      await folder.keepTrial({ ...trial, spent });
    }
    await clock.sleep(Math.min(LOOK_EVERY, verdict.ms), over.signal);
  }
}

/** A line in `ends` decides; what follows from it can be done again after a power cut. */
async function settle(trial: Trial, verdict: Exclude<Verdict, { verdict: "wait" }>, parts: WatchParts): Promise<void> {
  const { command, before, version, from, to } = trial;
  const isKept = verdict.verdict === "keep";
  const detail = isKept ? "" : verdict.detail;
  await parts.folder.end({ command, before, version, isKept, slot: isKept ? to : from, detail });
  await isSettled(trial, parts.folder);
  if (isKept) parts.log.info("a release stays", { version });
  else parts.log.warn("a release was taken back", { version, detail });
}

async function isSettled({ command }: Trial, folder: WatchedFolder): Promise<boolean> {
  const end = (await folder.ends()).findLast((each) => each.command === command);
  if (end === undefined) return false;
  await folder.lead(end.slot);
  await folder.forgetTrial();
  return true;
}

async function markOf({ command }: Trial, folder: WatchedFolder) {
  const mark = await folder.mark();
  return mark?.command === command ? { mark: mark.state, detail: mark.detail } : { mark: undefined, detail: "" };
}
