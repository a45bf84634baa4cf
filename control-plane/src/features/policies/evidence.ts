import { HOUR, SECOND, type Loop } from "@edgemere/protocol/kit";
import type { Caller } from "../../platform/caller.ts";
import { put, removed, type Change } from "../../platform/change.ts";
import { ask } from "../../platform/dispatch.ts";
import { Problem } from "../../platform/problem.ts";
import { table } from "../../platform/resource.ts";
import { createFile, file, finishFile, PIECE_BYTES, writeFile } from "../files/contract.ts";
import { job, readOutput } from "../jobs/contract.ts";
import type { PoliciesContext } from "./context.ts";

/** A job that collects logs because an alert fired. */
interface Collecting {
  /** The job. */
  readonly id: string;
  readonly device: string;
  readonly policy: string;
  readonly at: number;
}
export const collectings = table<Collecting>("policycollecting");

/** After so long what a device did not send is waited for no more. */
const WAITED_FOR = 48 * HOUR;
const READ_AT_ONCE = 1_048_576;

/** What a job writes that collects logs for an alert is to be kept as a file, and with it as data. */
export const collecting = (id: string, { device, policy }: Pick<Collecting, "device" | "policy">, at: number): Change =>
  put(collectings, { id, device, policy, at });

/** Keeps what was collected, once all of it is there. */
export const keepEvidence = (context: PoliciesContext): Loop => ({
  name: "keep evidence",
  every: 2 * SECOND,
  onError: (error) => context.log.error("loop failed", { loop: "keep evidence", error }),
  step: async () => {
    for await (const row of context.store.scan(collectings))
      await keep(row, context).catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        context.log.info("evidence waits", { job: row.id, cause: error.message });
      });
    return "settled";
  },
});

/** Repeats safely: the key makes a second try give the file of the first. */
async function keep(row: Collecting, context: PoliciesContext): Promise<void> {
  const { store, clock } = context;
  const text = await textOf(row, context);
  if (text === undefined && clock.now() - row.at < WAITED_FOR) return;
  const content = Buffer.from(text ?? "");
  if (content.length > 0) {
    const caller = callerOf(row, context);
    const name = `logs-${row.policy}-${row.id}.log`.slice(-255);
    const once = { ...caller, idempotencyKey: `evidence ${row.id}` };
    const { id } = await ask(createFile, { name, bytes: content.length, device: row.device }, once, context);
    const missing = (await store.get(file, id))?.state === "ready" ? 0 : content.length;
    for (let from = 0; from < missing; from += PIECE_BYTES) {
      const piece = content.subarray(from, from + PIECE_BYTES).toString("base64");
      await ask(writeFile, { file: id, from, content: piece }, caller, context);
    }
    await ask(finishFile, { file: id }, caller, context);
  }
  await store.commit(removed(collectings, row.id));
}

/** All that the job's command wrote; undefined while more may come. */
async function textOf(row: Collecting, context: PoliciesContext): Promise<string | undefined> {
  if ((await context.store.get(job, row.id)) === undefined) return "";
  const caller = callerOf(row, context);
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
const callerOf = ({ policy }: Collecting, { newId }: PoliciesContext): Caller => ({
  actor: `policy:${policy}`,
  via: "rule",
  permissions: [createFile, writeFile, finishFile, readOutput].map(({ permission }) => permission),
  requestId: newId(),
});
