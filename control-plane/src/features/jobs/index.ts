import { feature } from "../../platform/feature.ts";
import { jobActions } from "./actions.ts";
import { command, commandCap, job } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { jobFigures } from "./figures.ts";
import { lookAfterLeases, receiveHello } from "./lease.ts";
import { endOverdue, endUnapproved } from "./loops.ts";
import { forgetOldJobs } from "./retention.ts";
import { rules } from "./messages.ts";
import { offers } from "./offers.ts";
import { receiveOutput, receiveReports } from "./receives.ts";

export type { Approvers, JobsContext } from "./context.ts";

export const jobs = feature<JobsContext>({
  name: "jobs",
  resources: [job, command, commandCap],
  actions: jobActions,
  rules,
  receives: { result: receiveReports, log: receiveOutput },
  offers,
  sessions: receiveHello,
  figures: jobFigures,
  loops: (context) => [endOverdue(context), endUnapproved(context), lookAfterLeases(context), forgetOldJobs(context)],
});
