import { commandKinds, kindOfTask, type Command } from "@edgemere/protocol";
import type { EndedCommand, OpenCommand } from "./journal-state.ts";

/** The next thing to do about a command. */
export type Step =
  | { readonly step: "report"; readonly ended: EndedCommand }
  | { readonly step: "expire"; readonly command: Command }
  | { readonly step: "cancel"; readonly command: Command }
  | { readonly step: "interrupt"; readonly command: Command }
  | { readonly step: "run"; readonly command: Command };

export interface View {
  readonly open: ReadonlyMap<string, OpenCommand>;
  readonly ended: ReadonlyMap<string, EndedCommand>;
  /** Ids of the commands that run in this process, or whose end is not written down yet. */
  readonly running: ReadonlySet<string>;
  /** Ids of the commands that somebody wants stopped. */
  readonly cancelled: ReadonlySet<string>;
  readonly correctedNow: number;
}

// A command that takes the agent down with it is not tried for ever.
const MOST_STARTS = 3;

const laneOf = (command: Command): string => {
  const kind = kindOfTask(command.task);
  return kind === undefined ? "" : commandKinds[kind].lane;
};

/** What to do now, looking at the journal only. Of each lane at most one command runs, in the order of their numbers. */
export function nextSteps(view: View): readonly Step[] {
  const steps: Step[] = [...view.ended.values()]
    .filter(({ reported }) => !reported)
    .map((ended) => ({ step: "report", ended }));
  const busy = new Set([...view.running].flatMap((id) => view.open.get(id)?.command ?? []).map(laneOf));

  const waiting = [...view.open.values()]
    .filter(({ command }) => !view.running.has(command.command))
    .sort((a, b) => a.command.sequence - b.command.sequence);
  for (const { command, starts } of waiting) {
    const isLate = command.expiresAtMs <= view.correctedNow;
    if (view.cancelled.has(command.command)) steps.push({ step: "cancel", command });
    else if (starts > 0 && (isLate || starts >= MOST_STARTS || !mayRunAgain(command)))
      steps.push({ step: "interrupt", command });
    else if (isLate) steps.push({ step: "expire", command });
    else if (!busy.has(laneOf(command))) {
      busy.add(laneOf(command));
      steps.push({ step: "run", command });
    }
  }
  return steps;
}

/** Whether doing it twice is doing it once. */
export function mayRunAgain(command: Command): boolean {
  const kind = kindOfTask(command.task);
  return kind !== undefined && commandKinds[kind].onInterrupt === "converge";
}
