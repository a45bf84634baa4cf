import { pack } from "@edgemere/protocol";
import { moved } from "../../platform/change.ts";
import type { Offer } from "../../platform/feature.ts";
import { repeatOnConflict } from "../../platform/repeat.ts";
import { device } from "../devices/contract.ts";
import { sealed } from "./command.ts";
import { command, type Command } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { counters } from "./tables.ts";

/** Bytes of commands in one Sync: well below the limit of a message. */
const OFFERED_BYTES = 128 * 1024;
const OFFERED_COMMANDS = 32;

/** What a device has not ended yet, oldest first. That a command was offered is durable before it is sent. */
export async function offers(id: string, context: JobsContext): Promise<Offer> {
  const { store, clock } = context;
  const latestSequence = (await store.get(counters, id))?.last ?? 0;
  if ((await store.get(device, id))?.state !== "active")
    return { commands: [], cancelled: [], latestSequence, more: false };

  const commands: Offer["commands"][number][] = [];
  const cancelled: string[] = [];
  let bytes = 0;
  for await (const row of store.scan(command, { index: "open", prefix: [id] })) {
    if (row.cancelRequested) cancelled.push(row.id);
    if (row.cancelRequested || isPast(row, clock.now())) continue;
    const envelope = sealed(row, context.signingKey, context.authority.trustDomain);
    bytes += envelope.payload?.length ?? 0;
    if (commands.length === OFFERED_COMMANDS || bytes > OFFERED_BYTES)
      return { commands, cancelled, latestSequence, more: true };
    if (await markOffered(row, context)) commands.push(envelope);
  }
  return { commands, cancelled, latestSequence, more: false };
}

/** Sends one new command to a device that is there now; one that is not gets it with its next Sync. */
export async function offer(row: Command, context: JobsContext): Promise<void> {
  const { link, log, store } = context;
  if (link.session(row.device) === undefined || (await store.get(device, row.device))?.state !== "active") return;
  if (!(await markOffered(row, context))) return;
  const envelope = sealed(row, context.signingKey, context.authority.trustDomain);
  await link.send(row.device, pack("command", { device: row.device }, envelope)).catch((error: unknown) => {
    log.warn("command not sent", { device: row.device, command: row.id, error });
  });
}

// The device will hear nothing of a command whose deadline passed before it was ever told.
const isPast = ({ state, expiresAt }: Command, now: number) => state === "queued" && now >= expiresAt;

async function markOffered({ id }: Command, { store }: JobsContext): Promise<boolean> {
  return repeatOnConflict(async () => {
    const row = await store.get(command, id);
    if (row === undefined || command.life.isFinal(row.state)) return false;
    if (row.state === "queued") await store.commit(moved(command, row, "offer"));
    return true;
  });
}
