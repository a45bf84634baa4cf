import { HOUR, MINUTE, SECOND } from "@edgemere/protocol/kit";
import type { CommandKind } from "@edgemere/protocol";
import type { InputOf, OutputOf } from "../../platform/action.ts";
import { itself } from "../../platform/caller.ts";
import { ask, askItself } from "../../platform/dispatch.ts";
import { askBucket } from "../data-catalogue/object-store-contract.ts";
import { command, createJob, job, permissionsToCommand } from "../jobs/contract.ts";
import type { DataOrchestratorContext } from "./context.ts";

/** What a device is asked to do with one piece of data. */
export interface Errand {
  readonly device: string;
  readonly kind: Extract<CommandKind, "data.get" | "data.put" | "data.drop" | "data.mount">;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Asked again under the same key it is the same job. */
  readonly key: string;
}

// A device that is away for longer is asked anew, or another one is.
const QUEUE_TIMEOUT = HOUR;
const RUN_TIMEOUT = 24 * HOUR;
const SOONEST = 10 * SECOND;
const LATEST = 10 * MINUTE;

/** How long to wait after so many failures. */
export const pauseAfter = (tries: number): number => Math.min(LATEST, SOONEST * 2 ** Math.min(tries, 10));

/** Asks a device; gives the job. */
export async function send(
  { device, kind, arguments: given, key }: Errand,
  context: DataOrchestratorContext,
): Promise<string> {
  const caller = { ...itself(permissionsToCommand(kind), context), idempotencyKey: key };
  const input = {
    device,
    kind,
    arguments: given,
    queueTimeout: QUEUE_TIMEOUT / SECOND,
    runTimeout: RUN_TIMEOUT / SECOND,
  };
  const asked = await ask(createJob, input, caller, context);
  return asked.job.id;
}

/** Asks an object store, or how far it is with what it was asked for. */
export async function askFor(
  wish: InputOf<typeof askBucket>,
  context: DataOrchestratorContext,
): Promise<OutputOf<typeof askBucket>> {
  return askItself(askBucket, wish, context);
}

export type ErrandEnd =
  | { readonly state: "running" | "succeeded" }
  | { readonly state: "failed"; readonly cause: string };

/** How an errand stands. One that is forgotten has failed: what came of it shows elsewhere. */
export async function stateOf(id: string, { store }: DataOrchestratorContext): Promise<ErrandEnd> {
  const row = await store.get(job, id);
  if (row === undefined) return { state: "failed", cause: "nobody knows any more what came of it" };
  if (row.state === "running" || row.state === "succeeded") return { state: row.state };
  const [asked] = (await store.list(command, { index: "job", prefix: [id], limit: 1 })).items;
  const words = [asked?.state ?? row.state, asked?.reason, asked?.detail].filter(Boolean);
  return { state: "failed", cause: words.join(": ") };
}
