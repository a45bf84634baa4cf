import { limits, pack, v1 } from "@edgemere/protocol";
import { moved } from "../../platform/change.ts";
import type { Offer } from "../../platform/feature.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { bodyOf, sealed } from "./command.ts";
import { command, type Command } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { renewed } from "./lease.ts";
import { counters, nextNumber } from "./tables.ts";

/** Bytes of commands in one Sync: well below the limit of a message. */
const OFFERED_BYTES = 128 * 1024;
const OFFERED_COMMANDS = 32;

/**
 * What a device does not have yet, oldest first, and not more than it takes. When there is nothing new, what it said it
 * has: a device that lost its journal learns of that again. That a command was offered is durable before it is sent.
 */
export async function offers(id: string, context: JobsContext): Promise<Offer> {
  const { store, clock } = context;
  const latestSequence = (await store.get(counters, id))?.last ?? 0;
  if ((await store.get(device, id))?.state !== "active")
    return { ids: [], commands: [], cancelled: [], latestSequence, more: false };

  const [cancelled, waiting, known]: [string[], Command[], Command[]] = [[], [], []];
  for await (const row of store.scan(command, { index: "open", prefix: [id] })) {
    if (row.cancelRequested) cancelled.push(row.id);
    else if (row.state === "journaled" || row.state === "running") known.push(row);
    else if (!isPast(row, clock.now())) waiting.push(row);
  }
  const room = Math.max(0, limits.openCommands - known.length);
  const page = waiting.length > 0 ? await offered(waiting.slice(0, room), context) : await offered(known, context);
  const more = waiting.length > 0 && (page.ids.length < waiting.length || known.length > 0);
  return { ...page, cancelled, latestSequence, more };
}

/** As many as go into one Sync, sealed; those that ended meanwhile are left out. */
async function offered(rows: readonly Command[], context: JobsContext): Promise<Pick<Offer, "ids" | "commands">> {
  const { signer, authority } = context;
  const page: Command[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, OFFERED_COMMANDS)) {
    bytes += v1.Command.encode(bodyOf(row, authority.trustDomain)).finish().length;
    if (bytes > OFFERED_BYTES) break;
    page.push(row);
  }
  // In their order, since each takes the next number.
  for (const row of page) if (row.generation !== context.generation()) await markOffered(row, context);
  const open = await Promise.all(page.map((row) => markOffered(row, context)));
  const sent = open.filter((row) => row !== undefined);
  return { ids: sent.map(({ id }) => id), commands: sent.map((row) => sealed(row, signer, authority.trustDomain)) };
}

/** Sends one new command to a device that is there now; one that is not gets it with its next Sync. */
export async function offer(row: Command, context: JobsContext): Promise<void> {
  const { link, log, store } = context;
  if (link.session(row.device) === undefined || (await store.get(device, row.device))?.state !== "active") return;
  const offered = await markOffered(row, context);
  if (offered === undefined) return;
  const envelope = sealed(offered, context.signer, context.authority.trustDomain);
  await link.send(row.device, pack("command", { device: row.device }, envelope)).catch((error: unknown) => {
    log.warn("command not sent", { device: row.device, command: row.id, error });
  });
}

// The device will hear nothing of a command whose deadline passed before it was ever told.
const isPast = ({ state, expiresAt }: Command, now: number) => state === "queued" && now >= expiresAt;

/** The command as it is to be sent, and durably so; undefined when it has ended. */
async function markOffered({ id }: Command, context: JobsContext): Promise<Command | undefined> {
  const { store, clock } = context;
  return repeatOnConflict(async () => {
    const row = await store.get(command, id);
    if (row === undefined || command.life.isFinal(row.state)) return undefined;
    if (row.state !== "queued") return row;
    const { patch, changes } = await inThisLife(row, context);
    await store.commit(moved(command, row, "offer", patch), ...changes, renewed({ id, state: "offered" }, clock.now()));
    return { ...row, ...patch };
  });
}

/**
 * A command that was asked for before the control plane was restored, and of which no device has heard, is sent as one of
 * this life: the number it had may have been given to another command that the backup does not know.
 */
async function inThisLife(row: Command, { store, generation }: JobsContext) {
  const now = generation();
  if (row.generation === now) return { patch: {}, changes: [] };
  const { sequence, change } = await nextNumber(store, row.device, now);
  return { patch: { generation: now, sequence }, changes: [change] };
}
