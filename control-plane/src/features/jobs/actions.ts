import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { handle } from "../../platform/action.ts";
import { moved } from "../../platform/change.ts";
import { pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { device } from "../devices/contract.ts";
import { cancelCommand } from "./cancelling.ts";
import { isOver } from "./command.ts";
import * as contract from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { approvalHandlers } from "./approving.ts";
import { createHandler, detail } from "./creating.ts";
import { advanced, commandsOf } from "./ending.ts";
import { kinds, runTimeoutOf } from "./kinds.ts";
import { outputOf } from "./output.ts";

const { command, job } = contract;
export const jobActions = [
  createHandler,
  ...approvalHandlers,
  handle(contract.findJob, async ({ job: id }, context: JobsContext) => detail(id, context)),
  handle(contract.listJobs, async (asked, { store, scopes }: JobsContext, caller) => {
    const { device: ref, state: states, limit = 50, cursor } = asked;
    const where = ref === undefined ? {} : { index: "device", prefix: [(await resolve(store, device, ref)).id] };
    const reach = scopes.reachOf(caller, contract.listJobs.permission);
    const page = await pageWithin(store, job, reach, { ...where, limit, cursor, states, reverse: true });
    return { ...page, items: [...page.items] };
  }),
  handle(contract.cancelJob, async ({ job: id }, context: JobsContext) => {
    const { store, link } = context;
    const row = await resolve(store, job, id);
    if (isOver(row)) throw new Problem("conflict", `this job is ${row.state} already`);
    if (row.state === "awaitingapproval") await store.commit(moved(job, row, "cancel"));
    for (const each of await commandsOf(store, id)) {
      await cancelCommand(each.id, context);
      link.resync(each.device);
    }
    return detail(id, context);
  }),
  handle(contract.abandonCommands, async ({ device: ref }, context: JobsContext) => {
    const { store, clock } = context;
    const target = await resolve(store, device, ref);
    let commands = 0;
    for await (const row of store.scan(command, { index: "open", prefix: [target.id] })) {
      commands++;
      await store.commit(
        ...(await advanced(store, row, "lose", { reason: "device-retired", finishedAt: clock.now() })),
      );
    }
    return { device: target.id, commands };
  }),
  handle(contract.readOutput, async ({ job: id, from = 0, limit = 65_536 }, { store, clock }: JobsContext) => {
    const parent = await resolve(store, job, id);
    const [row] = await commandsOf(store, id);
    if (row === undefined) return { chunks: [], next: 0, dropped: 0, ended: isOver(parent) };
    return outputOf(store, row, { from, limit, now: clock.now() });
  }),
  handle(contract.listKinds, async () => ({
    kinds: (Object.keys(kinds) as CommandKind[]).map((kind) => {
      const { lane, onInterrupt, dangerous } = commandKinds[kind];
      const { summary, permission, arguments: given } = kinds[kind];
      const runTimeout = runTimeoutOf(kind);
      return { kind, summary, permission, lane, onInterrupt, dangerous, runTimeout, arguments: given };
    }),
  })),
];
