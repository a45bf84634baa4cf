import type { Loop } from "@edgemere/protocol/kit";
import type { PoliciesContext } from "./context.ts";
import { doEffects } from "./effects.ts";
import { keepEvidence } from "./evidence.ts";
import { followEvents } from "./following.ts";
import { lookAfterGroups } from "./group-loops.ts";
import { forgetOldAlerts, lookAfterAlerts } from "./loops.ts";
import { sendPacks } from "./packs.ts";
import { keepSettings } from "./settings-loop.ts";
import { endSilences } from "./silences.ts";
import { sweepChanged } from "./sweeping.ts";

/** All that goes on by itself. */
export const policyLoops = (context: PoliciesContext): readonly Loop[] => [
  followEvents(context),
  lookAfterAlerts(context),
  sweepChanged(context),
  lookAfterGroups(context),
  forgetOldAlerts(context),
  doEffects(context),
  keepSettings(context),
  keepEvidence(context),
  endSilences(context),
  sendPacks(context),
];
