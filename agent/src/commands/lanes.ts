import { commandKinds, kindOfTask, type Command, type OnInterrupt } from "@edgemere/protocol";
import type { EndedCommand, OpenCommand } from "./journal-state.ts";

/** The next thing to do about a command. */
export type Step =
  | { readonly step: "report"; readonly ended: EndedCommand }
  | { readonly step: "expire" | "cancel" | "interrupt" | "refuse"; readonly command: Command }
  /** Look whether the start before the agent died took effect. */
  | { readonly step: "look"; readonly command: Command; readonly mark: string }
  | { readonly step: "run"; readonly command: Command; readonly starts: number };

export interface View {
  readonly open: ReadonlyMap<string, OpenCommand>;
  readonly ended: ReadonlyMap<string, EndedCommand>;
  /** Ids of the commands that run in this process, or whose end is not written down yet. */
  readonly running: ReadonlySet<string>;
  /** Ids of the commands that somebody wants stopped. */
  readonly cancelled: ReadonlySet<string>;
  /** Ids of the commands that were found to have had no effect. */
  readonly looked: ReadonlySet<string>;
  readonly isSafeMode: boolean;
  readonly correctedNow: number;
}

// A command that takes the agent down with it is not tried for ever.
const MOST_STARTS = 3;

const laneOf = (command: Command): string => {
  const kind = kindOfTask(command.task);
  return kind === undefined ? "" : commandKinds[kind].lane;
};

/** What becomes of a command whose agent died; what is of no known kind never runs again. */
export function onInterrupt(command: Command): OnInterrupt {
  const kind = kindOfTask(command.task);
  return kind === undefined ? "once" : commandKinds[kind].onInterrupt;
}

/** What to do now, looking at the journal only. Of each lane at most one command runs, in the order of their numbers. */
export function nextSteps(view: View): readonly Step[] {
  const steps: Step[] = [...view.ended.values()]
    .filter(({ reported }) => !reported)
    .map((ended) => ({ step: "report", ended }));
  const busy = new Set([...view.running].flatMap((id) => view.open.get(id)?.command ?? []).map(laneOf));

  const waiting = [...view.open.values()]
    .filter(({ command }) => !view.running.has(command.command))
    .sort((a, b) => a.command.sequence - b.command.sequence);
  for (const open of waiting) {
    const step = nextStep(open, view);
    const takesLane = step.step === "run" || step.step === "look";
    if (takesLane && busy.has(laneOf(open.command))) continue;
    if (takesLane) busy.add(laneOf(open.command));
    steps.push(step);
  }
  return steps;
}

/** What to do with a command that does not run, whether or not its lane is free. */
function nextStep({ command, starts, mark }: OpenCommand, view: View): Step {
  const { command: id, expiresAtMs } = command;
  const isLate = expiresAtMs <= view.correctedNow;
  const mayRun = !view.isSafeMode || kindOfTask(command.task) === "ping";
  const rule = onInterrupt(command);
  const isLooker = rule === "probe" || rule === "boundary";

  // What was asked of the machine itself cannot be called back.
  if (view.cancelled.has(id) && (starts === 0 || rule !== "boundary")) return { step: "cancel", command };
  if (starts === 0) {
    if (isLate) return { step: "expire", command };
    return mayRun ? { step: "run", command, starts } : { step: "refuse", command };
  }
  if (isLooker && mark !== undefined && !view.looked.has(id)) return { step: "look", command, mark };
  const mayRunAgain = rule === "converge" || (rule === "probe" && mark !== undefined);
  if (!mayRunAgain || isLate || starts >= MOST_STARTS || !mayRun) return { step: "interrupt", command };
  return { step: "run", command, starts };
}
