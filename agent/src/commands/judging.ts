import type { Command } from "@edgemere/protocol";
import type { JournalView, Moment, Rules } from "./admission.ts";
import type { CommandParts } from "./command-parts.ts";
import { handlers } from "./handlers/index.ts";
import type { Journal } from "./journal.ts";

/** By what commands are judged now. */
export async function judging(
  { env, correctedNow, identity, config, outbox, earlyDeaths, policy }: CommandParts,
  journal: Journal,
): Promise<{ readonly rules: Rules; readonly journal: JournalView; readonly moment: Moment }> {
  await policy.look();
  const { device, trustDomain } = identity;
  const forbids = (command: Command, now: number) => policy.forbids(command, now);
  return {
    rules: {
      device,
      trustDomain,
      allow: config.allow,
      forbids,
      handlers,
      earlyDeaths: earlyDeaths(),
      hasRoomForResults: outbox.hasRoomForResults ?? true,
    },
    journal: journal.state,
    moment: { now: env.clock.now(), correctedNow: correctedNow() },
  };
}
