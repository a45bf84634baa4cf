import { commandKinds, type CommandKind } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { maySomewhere } from "../../platform/caller.ts";
import { created, moved, updated } from "../../platform/change.ts";
import { pageWithin } from "../../platform/pages.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { isOver, isUnheard } from "./command.ts";
import * as contract from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { advanced, commandsOf } from "./ending.ts";
import { checkedArguments, kinds } from "./kinds.ts";
import { offer } from "./offers.ts";
import { outputOf } from "./output.ts";
import { refuseSecrets, SEALED_BYTES, sealedFor } from "./secrets.ts";
import { nextNumber } from "./tables.ts";

const { command, job } = contract;
/** A device that is away for long must not become a heap of commands. */
const OPEN_COMMANDS = 1_000;

const detail = async (id: string, { store }: JobsContext) => ({
  job: await resolve(store, job, id),
  commands: await commandsOf(store, id),
});

export const jobActions = [
  handle(
    contract.createJob,
    async (
      { device: ref, kind, arguments: given = {}, secrets, queueTimeout = 3_600, runTimeout = 300 },
      context: JobsContext,
      caller,
    ) => {
      const { store, clock, newId, scopes } = context;
      const { permission } = kinds[kind];
      const refusal = (where: string) =>
        new Problem(
          "forbidden",
          `${caller.actor} may not ask for ${kind}: it needs the permission ${permission}${where}`,
        );
      if (!maySomewhere(caller, permission)) throw refusal("");
      const checked = checkedArguments(kind, given, secrets === undefined ? 0 : SEALED_BYTES);

      const generation = context.generation();
      const ids = { job: newId(), command: newId() };
      const row = await repeatOnConflict(async () => {
        const target = await resolve(store, device, ref);
        if (!scopes.reachOf(caller, permission).coversRow(target)) throw refusal(` for the device "${target.name}"`);
        if (target.state === "retired")
          throw new Problem("conflict", `the device "${target.name}" is retired and takes no commands`);
        await refuseWhenFull(target, context);
        if (secrets !== undefined) refuseSecrets(target, kind);
        const number = await nextNumber(store, target.id, generation);
        const shared = {
          kind,
          arguments: checked,
          author: caller.actor,
          expiresAt: clock.now() + queueTimeout * SECOND,
          runTimeout: runTimeout * SECOND,
        };
        await store.commit(
          created(job, ids.job, { ...shared, devices: [target.id] }),
          created(command, ids.command, {
            ...shared,
            job: ids.job,
            device: target.id,
            ...(secrets && { secrets: sealedFor(target, secrets, ids.command, context) }),
            sequence: number.sequence,
            cancelRequested: false,
            reason: "",
            detail: "",
            outputBytes: 0,
            generation,
          }),
          number.change,
        );
        return resolve(store, command, ids.command);
      });
      await offer(row, context);
      return detail(ids.job, context);
    },
  ),
  handle(contract.findJob, async ({ job: id }, context: JobsContext) => detail(id, context)),
  handle(contract.listJobs, async ({ device: ref, limit = 50, cursor }, { store, scopes }: JobsContext, caller) => {
    const where = ref === undefined ? {} : { index: "device", prefix: [(await resolve(store, device, ref)).id] };
    const reach = scopes.reachOf(caller, contract.listJobs.permission);
    const page = await pageWithin(store, job, reach, { ...where, limit, cursor, reverse: true });
    return { ...page, items: [...page.items] };
  }),
  handle(contract.cancelJob, async ({ job: id }, context: JobsContext) => {
    const { store, link } = context;
    const row = await resolve(store, job, id);
    if (isOver(row)) throw new Problem("conflict", `this job is ${row.state} already`);
    for (const each of await commandsOf(store, id)) {
      await cancel(each.id, context);
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
    await resolve(store, job, id);
    const [row] = await commandsOf(store, id);
    if (row === undefined) return { chunks: [], next: 0, ended: true };
    return outputOf(store, row, { from, limit, now: clock.now() });
  }),
  handle(contract.listKinds, async () => ({
    kinds: (Object.keys(kinds) as CommandKind[]).map((kind) => {
      const { lane, onInterrupt, dangerous } = commandKinds[kind];
      return { kind, ...kinds[kind], lane, onInterrupt, dangerous };
    }),
  })),
];

async function refuseWhenFull({ id, name }: { id: string; name: string }, { store }: JobsContext): Promise<void> {
  const open = { index: "open", prefix: [id] };
  // Of numbers without a hole there are no more than from the oldest to the newest: most of the time nobody needs to count.
  const [oldest] = (await store.list(command, { ...open, limit: 1 })).items;
  const [newest] = (await store.list(command, { ...open, limit: 1, reverse: true })).items;
  if ((newest?.sequence ?? 0) - (oldest?.sequence ?? 0) + 1 < OPEN_COMMANDS) return;
  const { items } = await store.list(command, { ...open, limit: OPEN_COMMANDS });
  if (items.length === OPEN_COMMANDS)
    throw new Problem(
      "conflict",
      `the device "${name}" has ${OPEN_COMMANDS} open commands; wait for some to end, or cancel them`,
    );
}

/** What no device has heard of ends at once; the rest ends when its device says so. */
const cancel = (id: string, { store, clock, generation }: JobsContext): Promise<void> =>
  repeatOnConflict(async () => {
    const row = await resolve(store, command, id);
    if (command.life.isFinal(row.state)) return;
    const end = { cancelRequested: true, reason: "cancelled", finishedAt: clock.now() };
    if (isUnheard(row, generation())) return store.commit(...(await advanced(store, row, "cancel", end)));
    if (row.state === "queued") return store.commit(moved(command, row, "offer", { cancelRequested: true }));
    return store.commit(updated(command, row, { cancelRequested: true }));
  });
