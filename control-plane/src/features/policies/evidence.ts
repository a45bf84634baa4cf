import { HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import type { Caller } from "../../platform/caller.ts";
import { put, removed, type Change } from "../../platform/change.ts";
import { ask } from "../../platform/dispatch.ts";
import { Problem } from "../../platform/problem.ts";
import { table } from "../../platform/resource.ts";
import { createFile, file, finishFile, PIECE_BYTES, writeFile } from "../files/contract.ts";
import { isEnded, job, readOutput, rollout, rolloutTarget, type Rollout } from "../jobs/contract.ts";
import { groupAlertId, type Alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";
import type { Done } from "./effect-contract.ts";
import { evidenceFiles, evidenceRollouts } from "./evidence-contract.ts";
import { callerOf } from "./policy-caller.ts";

/** A job that collects logs because an alert fired. */
interface Collecting {
  /** The job. */
  readonly id: string;
  readonly device: string;
  readonly policy: string;
  /** The alert, where that is one of a group. */
  readonly alert?: string;
  readonly at: number;
}
export const collectings = table<Collecting>("policycollecting");

/** Rollouts that collect the logs of a group because its alert fired. */
interface GroupCollecting {
  /** The first of them. */
  readonly id: string;
  readonly rollouts: readonly string[];
  readonly policy: string;
  readonly alert: string;
  readonly at: number;
  /** Jobs whose logs are kept. */
  readonly taken: readonly string[];
}
export const groupCollectings = table<GroupCollecting>("policygroupcollecting");

/** Of a group that is in trouble so many logs tell what there is to tell; the others stay with their jobs. */
const LOGS_OF_A_GROUP = 20;

/** After so long what a device did not send is waited for no more. */
const WAITED_FOR = 48 * HOUR;
const READ_AT_ONCE = 1_048_576;

/**
 * What jobs, or rollouts to a group, write that collect logs for an alert is to be kept as files, and with it as data. Of a file that a device sends
 * its policy and its device tell the alert, unless that is one of a group.
 */
export function collecting(
  done: readonly Done[],
  { device, group = "", policy }: Pick<Alert, "device" | "group" | "policy">,
  at: number,
): readonly Change[] {
  const madeFor = (kind: string) =>
    done.flatMap(({ what, made }) => (what === kind && made !== undefined ? [made] : []));
  const logs = madeFor("log.collect");
  if (device !== undefined) return logs.map((id) => put(collectings, { id, device, policy, at }));
  const [id] = logs;
  const alert = groupAlertId(policy, group);
  return [
    ...(id === undefined ? [] : [put(groupCollectings, { id, rollouts: logs, policy, alert, at, taken: [] })]),
    ...madeFor("file.get").map((each) => put(evidenceRollouts, { id: each, alert, at })),
  ];
}

/** Keeps what was collected, once all of it is there. */
export const keepEvidence = (context: PoliciesContext): Loop => ({
  name: "keep evidence",
  every: 2 * SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "keep evidence", error }),
  step: async () => {
    const waits = (job: string) => (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      context.log.info("evidence waits", { job, cause: error.message });
    };
    for await (const row of context.store.scan(groupCollectings)) await spread(row, context).catch(waits(row.id));
    for await (const row of context.store.scan(collectings)) await keep(row, context).catch(waits(row.id));
    await forgetRollouts(context);
    return "settled";
  },
});

/** Of rollouts that are over no file comes any more. */
async function forgetRollouts({ store, clock }: PoliciesContext): Promise<void> {
  for await (const { id, at } of store.scan(evidenceRollouts, { index: "age" })) {
    if (clock.now() - at < WAITED_FOR) return;
    const row = await store.get(rollout, id);
    if (row === undefined || isEnded(row.state)) await store.commit(removed(evidenceRollouts, id));
  }
}

/** Takes the logs of those devices of a group that have sent theirs, as many as are kept; says in the end what was left out. */
async function spread(row: GroupCollecting, context: PoliciesContext): Promise<void> {
  const { store, clock } = context;
  const { policy, alert, at } = row;
  const rows = (await Promise.all(row.rollouts.map((id) => store.get(rollout, id)))).filter(
    (each) => each !== undefined,
  );
  const fresh: Collecting[] = [];
  for (const { id } of rows) {
    const prefix = [id, "succeeded"];
    const { items } = await store.list(rolloutTarget, { index: "state", prefix, limit: LOGS_OF_A_GROUP });
    for (const { device, job: made } of items)
      if (made !== undefined && !row.taken.includes(made)) fresh.push({ id: made, device, policy, alert, at });
  }
  fresh.splice(LOGS_OF_A_GROUP - row.taken.length);
  const taken = [...row.taken, ...fresh.map(({ id }) => id)];
  const isOver = rows.every(({ state }) => isEnded(state)) || clock.now() - at >= WAITED_FOR;
  const words = isOver ? leftOut(rows, { alert, kept: taken.length }) : "";
  if (words !== "") {
    const name = `logs-${policy}-${row.id}-left-out.txt`;
    await writeDown({ ...row, name, content: Buffer.from(words) }, context);
  }
  await store.commit(
    ...fresh.map((each) => put(collectings, each)),
    ...(isOver
      ? [removed(groupCollectings, row.id)]
      : fresh.length > 0
        ? [put(groupCollectings, { ...row, taken })]
        : []),
  );
}

/** What is missing among the kept logs of a group, in words; empty where nothing is. */
function leftOut(rows: readonly Rollout[], { alert, kept }: { readonly alert: string; readonly kept: number }): string {
  const waves = rows.flatMap((each) => each.waves);
  const devices = waves.reduce((sum, { targets }) => sum + targets, 0);
  const sent = waves.reduce((sum, { succeeded }) => sum + succeeded, 0);
  if (devices === kept) return "";
  const ids = rows.map(({ id }) => id).join(", ");
  const more = `the jobs of rollout ${ids} have them, and of one alert of a group ${LOGS_OF_A_GROUP} are kept`;
  return [
    `Of ${devices} devices of ${alert} the logs of ${kept} are kept as data.`,
    ...(sent > kept ? [`${sent - kept} more sent theirs: ${more}.`] : []),
    ...(devices > sent ? [`${devices - sent} sent none: edgemere rollout targets ${ids} says why.`] : []),
    "",
  ].join("\n");
}

/** Repeats safely: the key makes a second try give the file of the first. */
async function keep(row: Collecting, context: PoliciesContext): Promise<void> {
  const { store, clock } = context;
  const text = await textOf(row, context);
  if (text === undefined && clock.now() - row.at < WAITED_FOR) return;
  const content = Buffer.from(text ?? "");
  const name = `logs-${row.policy}-${row.id}.log`;
  if (content.length > 0) await writeDown({ ...row, name, content }, context);
  await store.commit(removed(collectings, row.id));
}

interface Evidence extends Pick<Collecting, "id" | "policy" | "alert"> {
  readonly device?: string;
  readonly name: string;
  readonly content: Buffer;
}

/** Makes it a file, once. */
async function writeDown(evidence: Evidence, context: PoliciesContext): Promise<void> {
  const { store } = context;
  const { id: key, device, alert, content } = evidence;
  const caller = evidenceCaller(evidence, context);
  const once = { ...caller, idempotencyKey: `evidence ${key}` };
  const given = { name: evidence.name.slice(-255), bytes: content.length, ...(device !== undefined && { device }) };
  const { id } = await ask(createFile, given, once, context);
  if ((await store.get(file, id))?.state === "ready") return;
  if (alert !== undefined) await store.commit(put(evidenceFiles, { id, alert }));
  for (let from = 0; from < content.length; from += PIECE_BYTES) {
    const piece = content.subarray(from, from + PIECE_BYTES).toString("base64");
    await ask(writeFile, { file: id, from, content: piece }, caller, context);
  }
  await ask(finishFile, { file: id }, caller, context);
}

/** All that the job's command wrote; undefined while more may come. */
async function textOf(row: Collecting, context: PoliciesContext): Promise<string | undefined> {
  if ((await context.store.get(job, row.id)) === undefined) return "";
  const caller = evidenceCaller(row, context);
  let text = "";
  for (let from = 0; ;) {
    const { chunks, next, ended } = await ask(readOutput, { job: row.id, from, limit: READ_AT_ONCE }, caller, context);
    text += chunks.map((each) => each.text).join("");
    if (ended) return text;
    if (chunks.length === 0) return undefined;
    from = next;
  }
}

/** In the name of the policy, whose evidence it is. */
const evidenceCaller = ({ policy: name }: Pick<Collecting, "policy">, context: PoliciesContext): Caller =>
  callerOf(
    { name },
    [createFile, writeFile, finishFile, readOutput].map(({ permission }) => permission),
    context,
  );
