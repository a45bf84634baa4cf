import { handle } from "../../platform/action.ts";
import { noneOf, resolve } from "../../platform/reference.ts";
import { device, type Device } from "../devices/contract.ts";
import { blockReasons, command, explainJob, job, rollout, rolloutTarget, type Job, type Rollout } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { looksAt, type Look } from "./rollout-blocks.ts";
import { surveyOf } from "./rollout-facts.ts";
import { nextStep } from "./rollout-gate.ts";
import type { BlockReason } from "./rollout-words-contract.ts";
import { targetId } from "./tables.ts";

/** A reason in words; of a cause of failure, which is a word already, nothing. */
export const textOf = (reason: string): string =>
  Object.hasOwn(blockReasons, reason) ? blockReasons[reason as BlockReason] : "";

export const explainHandler = handle(explainJob, async ({ device: ref, job: id }, context: JobsContext) => {
  const { store } = context;
  const found = await resolve(store, device, ref);
  const [whole, single] = await Promise.all([store.get(rollout, id), store.get(job, id)]);
  if (whole !== undefined) return told(found, id, await rolloutLooks(whole, found, context));
  if (single?.devices.includes(found.id) === true) return told(found, id, await jobLooks(single, found, context));
  throw noneOf("job", id);
});

interface Looked {
  readonly looks: readonly Look[];
  readonly detail: string;
}

/** By the same facts and the same function by which the rollout itself decides. */
async function rolloutLooks(row: Rollout, found: Device, context: JobsContext): Promise<Looked> {
  const target = await context.store.get(rolloutTarget, targetId(row.id, found.id));
  const step = nextStep(row, context.clock.now());
  const survey = await surveyOf(row, step, context);
  const detail = [target?.detail, row.stop?.detail].filter(Boolean).join("; ");
  return { looks: looksAt((await survey.look(target, found))()), detail };
}

/** A job for one device knows its own life, its device's, and its command's. */
async function jobLooks(row: Job, { state, presence }: Device, { store }: JobsContext): Promise<Looked> {
  const [only] = (await store.list(command, { index: "job", prefix: [row.id], limit: 1 })).items;
  const isOver = job.life.isFinal(row.state);
  const look = (reason: BlockReason, isBlocking: boolean, until?: number): Look => ({
    reason,
    isBlocking,
    ...(isBlocking && until !== undefined && { until }),
  });
  const isUnsent = only?.state === "queued";
  return {
    detail: [only?.reason, only?.detail].filter(Boolean).join(": "),
    looks: [
      look("approval-pending", row.state === "awaitingapproval", row.expiresAt),
      look("target-succeeded", row.state === "succeeded"),
      look("target-cancelled", ["cancelled", "refused", "expired"].includes(row.state)),
      look("target-failed", isOver),
      look("device-retired", state === "retired"),
      look("device-pending", isUnsent && state === "pending", row.expiresAt),
      look("device-quarantined", state === "quarantined", row.expiresAt),
      look("device-offline", isUnsent && presence !== "online", row.expiresAt),
      look("command-queued", isUnsent, row.expiresAt),
      look("command-offered", only?.state === "offered"),
      look("command-journaled", only?.state === "journaled"),
      look("command-running", only?.state === "running"),
    ],
  };
}

function told({ id }: Device, of: string, { looks, detail }: Looked) {
  const first = looks.find(({ isBlocking }) => isBlocking);
  const reason: BlockReason = first?.reason ?? "turn-comes";
  return {
    device: id,
    job: of,
    reason,
    text: blockReasons[reason],
    detail,
    ...(first?.until !== undefined && { until: first.until }),
    looks: [...looks],
  };
}
