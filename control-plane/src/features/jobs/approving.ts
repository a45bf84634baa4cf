import { handle } from "../../platform/action.ts";
import type { Caller } from "../../platform/caller.ts";
import { moved } from "../../platform/change.ts";
import { pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device, type Device } from "../devices/contract.ts";
import { approveJob, command, createJob, job, listAwaiting, refuseJob, type Job } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { commandFor, detail, inLine, refuseCommandless } from "./creating.ts";
import { offer } from "./offers.ts";

export const approvalHandlers = [
  handle(listAwaiting, async ({ limit = 50, cursor }, { store, scopes }: JobsContext, caller) => {
    const reach = scopes.reachOf(caller, listAwaiting.permission);
    const page = await pageWithin(store, job, reach, { index: "awaiting", limit, cursor });
    return { ...page, items: [...page.items] };
  }),
  handle(approveJob, async ({ job: id }, context: JobsContext, caller) => {
    const { store, clock, newId, approvers } = context;
    const { kind, author, devices } = await resolve(store, job, id);
    const commandId = await inLine({ kind, author, device: devices[0] ?? "" }, context, async () => {
      const row = await resolve(store, job, id);
      refuseOwn(row, caller);
      if (clock.now() >= row.expiresAt)
        throw new Problem("conflict", "the time within which this job must start is over; ask for it anew");
      if (row.account !== undefined && !(await approvers.isActive(row.account, context)))
        throw new Problem("conflict", `the account of ${row.author} is locked: what it asked for is not done any more`);
      const target = await resolve(store, device, row.devices[0] ?? "");
      refuseCommandless(target);
      await refuseByPolicy(row, target, context);
      const decision = { by: caller.actor, at: clock.now(), isApproved: true, reason: "" };
      const reserved = row.sealed?.command ?? newId();
      const commanding = await commandFor(reserved, row, target, [caller.actor], context);
      await store.commit(moved(job, row, "approve", { decision }), ...commanding);
      return reserved;
    });
    await offer(await resolve(store, command, commandId), context);
    return detail(id, context);
  }),
  handle(refuseJob, async ({ job: id, reason = "" }, context: JobsContext, caller) => {
    const { store, clock } = context;
    await repeatOnConflict(async () => {
      const row = await resolve(store, job, id);
      refuseOwn(row, caller);
      const decision = { by: caller.actor, at: clock.now(), isApproved: false, reason };
      await store.commit(moved(job, row, "refuse", { decision }));
    });
    return detail(id, context);
  }),
];

/** What was asked for is done now, so it is now that policies have a say in it. */
async function refuseByPolicy(row: Job, target: Device, { admit }: JobsContext): Promise<void> {
  const { kind, arguments: given, author, account } = row;
  const input = { device: target.id, kind, arguments: given };
  const caller = { actor: author, account, via: "rule" } as const;
  const { refusal } = await admit({ action: createJob, input, caller, devices: [target] });
  if (refusal !== undefined) throw refusal;
}

/** Two people, not two credentials: a person's own token is not a second one. */
function refuseOwn(row: Job, { account, actor }: Caller): void {
  if (row.state !== "awaitingapproval") throw new Problem("conflict", `this job waits for nobody: it is ${row.state}`);
  if (account === undefined)
    throw new Problem("forbidden", `${actor} is no person: sign in to decide about what others asked for`);
  if (account === row.account)
    throw new Problem("forbidden", "a second person decides about this job; you may cancel what you asked for");
}
