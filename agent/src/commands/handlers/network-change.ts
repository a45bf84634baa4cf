import { limits } from "@edgemere/protocol";
import type { ChangeOutcome } from "../changes/pending-change.ts";
import { mistakeInWithin } from "../changes/wanted-change.ts";
import type { Outcome, ProbeHandler, ResultOf } from "./handler.ts";
import { MOST_OUTPUT } from "./program.ts";

/** Changes the network of this host, and takes the change back unless a session begins with it. */
export const networkChange: ProbeHandler<"network.change"> = {
  check: ({ apply, revert, files, confirmWithinMs }) => {
    if (apply.length === 0) return "apply: the script is empty";
    if (revert.length === 0 && files.length === 0) return "revert: nothing says how the change is taken back";
    if (files.length > limits.keptFiles) return `files: at most ${limits.keptFiles} are kept`;
    const odd = files.find((path) => !path.startsWith("/") || path.includes("\0"));
    if (odd !== undefined) return `files: ${JSON.stringify(odd)} must start with /`;
    return mistakeInWithin(confirmWithinMs);
  },
  before: async () => "not made",
  run: async (given, { changes, command, output: onOutput, signal }) => {
    const { apply, revert, files, confirmWithinMs: within } = given;
    const maxOutputBytes = Math.min(given.maxOutputBytes, MOST_OUTPUT);
    const script = revert.length > 0 ? revert : undefined;
    const wanted = { command, within, apply, revert: script, files, maxOutputBytes, onOutput };
    const { ended, ...outcome } = await changes.carryOut(wanted, signal);
    const { exitCode = 0, outputBytes = 0, droppedBytes = 0 } = ended ?? {};
    return outcomeOf(outcome, { exitCode, outputBytes, droppedBytes });
  },
  after: async (_given, _before, { changes, command, signal }) => {
    const outcome = await changes.outcomeOf(command, signal);
    return outcome && outcomeOf(outcome, {});
  },
};

function outcomeOf(outcome: ChangeOutcome, ended: ResultOf<"network.change">): Outcome<ResultOf<"network.change">> {
  if (outcome.isKept) return { result: { ...ended, confirmedAfterMs: outcome.afterMs } };
  return { reason: outcome.reason, detail: outcome.detail, result: ended };
}
