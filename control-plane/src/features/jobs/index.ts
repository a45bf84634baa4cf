import { feature } from "../../platform/feature.ts";
import { jobActions } from "./actions.ts";
import { command, commandCap, job, rollout, rolloutPlan, rolloutTarget } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { jobFigures } from "./figures.ts";
import { lookAfterLeases, receiveHello } from "./lease.ts";
import { endOverdue, endUnapproved } from "./loops.ts";
import { forgetOldJobs } from "./retention.ts";
import { rolloutActions } from "./rollout-actions.ts";
import { forgetOldPlans, forgetOldRollouts } from "./rollout-retention.ts";
import { carryRollouts } from "./rollout-step.ts";
import { rules } from "./messages.ts";
import { offers } from "./offers.ts";
import { receiveOutput, receiveReports } from "./receives.ts";

export type { Approvers, JobsContext } from "./context.ts";

export const jobs = feature<JobsContext>({
  name: "jobs",
  resources: [job, command, commandCap, rollout, rolloutTarget, rolloutPlan],
  actions: [...jobActions, ...rolloutActions],
  rules,
  receives: { result: receiveReports, log: receiveOutput },
  offers,
  sessions: receiveHello,
  figures: jobFigures,
  loops: (context) =>
    [endOverdue, endUnapproved, lookAfterLeases, carryRollouts, forgetOldJobs, forgetOldRollouts, forgetOldPlans].map(
      (loop) => loop(context),
    ),
});
