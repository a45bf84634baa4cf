import { commandKinds } from "@edgemere/protocol";
import { SECOND } from "@edgemere/protocol/kit";
import { handle } from "../../platform/action.ts";
import { maySomewhere } from "../../platform/caller.ts";
import { created, type Change } from "../../platform/change.ts";
import { Problem } from "../../platform/problem.ts";
import { resolve } from "../../platform/reference.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device, type Device } from "../devices/contract.ts";
import { command, createJob, job, type Command, type Job } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { countDangerous } from "./dangerous-caps.ts";
import { commandsOf } from "./ending.ts";
import { withContent } from "./file-arguments.ts";
import { checkedArguments } from "./checked-arguments.ts";
import { kinds, runTimeoutOf } from "./kinds.ts";
import { offer } from "./offers.ts";
import { refuseSecrets, SEALED_BYTES, sealedFor } from "./secrets.ts";
import { nextNumber } from "./tables.ts";

/** A device that is away for long must not become a heap of commands. */
const OPEN_COMMANDS = 1_000;

export const detail = async (id: string, { store }: JobsContext) => ({
  job: await resolve(store, job, id),
  commands: await commandsOf(store, id),
});

export const createHandler = handle(
  createJob,
  async (
    {
      device: ref,
      kind,
      arguments: given = {},
      secrets,
      queueTimeout = 3_600,
      runTimeout = runTimeoutOf(kind),
      isApprovalNeeded,
    },
    context: JobsContext,
    caller,
    made,
  ) => {
    const { store, clock, newId, scopes } = context;
    const { permission } = kinds[kind];
    const { dangerous: isDangerous } = commandKinds[kind];
    const refusal = (where: string) =>
      new Problem(
        "forbidden",
        `${caller.actor} may not ask for ${kind}: it needs the permission ${permission}${where}`,
      );
    if (!maySomewhere(caller, permission)) throw refusal("");
    const fitting = checkedArguments(kind, given, clock.now(), { beside: secrets === undefined ? 0 : SEALED_BYTES });
    const checked = await withContent(kind, fitting, caller, context);

    const ids = { job: newId(), command: newId() };
    const { id } = await resolve(store, device, ref);
    const row = await inLine({ kind, author: caller.actor, device: id }, context, async () => {
      const target = await resolve(store, device, ref);
      if (!scopes.reachOf(caller, permission).coversRow(target)) throw refusal(` for the device "${target.name}"`);
      refuseCommandless(target);
      if (secrets !== undefined) refuseSecrets(target, kind);
      const sealed = secrets && {
        sealed: { command: ids.command, box: sealedFor(target, secrets, ids.command, context) },
      };
      const draft = {
        kind,
        arguments: checked,
        author: caller.actor,
        ...(caller.account !== undefined && { account: caller.account }),
        expiresAt: clock.now() + queueTimeout * SECOND,
        runTimeout: runTimeout * SECOND,
        devices: [target.id],
      };
      if (isApprovalNeeded === true || (isDangerous && (await needsApproval(target, caller.account, context)))) {
        await store.commit(created(job, ids.job, { ...draft, ...sealed }), made(ids.job));
        return undefined;
      }
      const commanding = await commandFor(ids.command, { ...draft, ...sealed, id: ids.job }, target, [], context);
      await store.commit(created(job, ids.job, draft, "running"), ...commanding, made(ids.job));
      return resolve(store, command, ids.command);
    });
    if (row !== undefined) await offer(row, context);
    return detail(ids.job, context);
  },
  detail,
);

/**
 * Looks, decides and commits behind all who would move the same row: the count of what is dangerous, of which a caller asks many devices, or
 * else the number of the device's next command.
 */
export const inLine = <T>(
  { kind, author, device: id }: Pick<Command, "kind" | "author" | "device">,
  { turns }: JobsContext,
  run: () => Promise<T>,
): Promise<T> =>
  turns.take(commandKinds[kind].dangerous ? `${kind} for ${author}` : `commands of ${id}`, () => repeatOnConflict(run));

/** Whether a second person must say yes before anything dangerous is asked of a device. */
export async function needsApproval(
  target: Device,
  account: string | undefined,
  context: JobsContext,
): Promise<boolean> {
  const { approvers } = context;
  if (approvers.rule !== "auto") return approvers.rule === "always";
  return approvers.hasOther(target, account, context);
}

export function refuseCommandless({ state, name, speaks }: Device): void {
  if (state === "retired") throw new Problem("conflict", `the device "${name}" is retired and takes no commands`);
  if (speaks === "sparkplug")
    throw new Problem("conflict", `the device "${name}" is a Sparkplug edge node and takes no commands from here`);
}

type Asked = Pick<Job, "id" | "kind" | "arguments" | "author" | "expiresAt" | "runTimeout" | "sealed">;

/** The command of a job for its device, where it may have one more and its author may ask for it. */
export async function commandFor(
  id: string,
  asked: Asked,
  target: Device,
  approvals: readonly string[],
  context: JobsContext,
): Promise<readonly Change[]> {
  if (await isQueueFull(target, context))
    throw new Problem(
      "conflict",
      `the device "${target.name}" has ${OPEN_COMMANDS} open commands; wait for some to end, or cancel them`,
    );
  const counted = await countDangerous({ actor: asked.author, kind: asked.kind }, context);
  return [...(await numberedCommand(id, asked, target, approvals, context)), ...counted];
}

/** The command of a job with the next number of its device. */
export async function numberedCommand(
  id: string,
  { id: jobId, kind, arguments: given, author, expiresAt, runTimeout, sealed }: Asked,
  target: Device,
  approvals: readonly string[],
  context: JobsContext,
): Promise<readonly Change[]> {
  const generation = context.generation();
  const number = await nextNumber(context.store, target.id, generation);
  const draft: Omit<Command, "id" | "version" | "createdAt" | "updatedAt" | "state"> = {
    kind,
    arguments:
      kind === "terminal.open" ? { ...given, gatewayKey: keyFor({ job: jobId, command: id }, context) } : given,
    author,
    expiresAt,
    runTimeout,
    job: jobId,
    device: target.id,
    ...(sealed && { sealed: sealed.box }),
    sequence: number.sequence,
    cancelRequested: false,
    reason: "",
    detail: "",
    outputBytes: 0,
    generation,
    ...(approvals.length > 0 && { approvals: [...approvals] }),
  };
  return [created(command, id, draft), number.change];
}

function keyFor(of: { readonly job: string; readonly command: string }, { terminals }: JobsContext): string {
  if (terminals === undefined) throw new Problem("conflict", "this control plane opens no terminals");
  return terminals.prepare(of);
}

/** Whether a device has as many open commands as it may have. */
export async function isQueueFull({ id }: Pick<Device, "id">, { store }: JobsContext): Promise<boolean> {
  const open = { index: "open", prefix: [id] };
  // Of numbers without a hole there are no more than from the oldest to the newest: most of the time nobody needs to count.
  const [oldest] = (await store.list(command, { ...open, limit: 1 })).items;
  if (oldest === undefined) return false;
  const [newest] = (await store.list(command, { ...open, limit: 1, reverse: true })).items;
  if ((newest?.sequence ?? 0) - oldest.sequence + 1 < OPEN_COMMANDS) return false;
  return (await store.list(command, { ...open, limit: OPEN_COMMANDS })).items.length === OPEN_COMMANDS;
}
