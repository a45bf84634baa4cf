import { cutText, type CommandReport } from "@edgemere/protocol";
import { moved, updated, type Change } from "../../platform/change.ts";
import type { Received } from "../../platform/feature.ts";
import { reportIn } from "../../platform/reported.ts";
import type { Store } from "../../platform/store.ts";
import { evidence, judge, told } from "./command.ts";
import { command, type Command } from "./contract.ts";
import type { JobsContext } from "./context.ts";
import { endedJobs } from "./ending.ts";
import { renewed } from "./lease.ts";
import { keptOutput, KEPT_OUTPUT_BYTES } from "./output.ts";

/** How far commands are, by their devices' own word. Repeated reports renew a lease; a second end is kept as evidence. */
export async function receiveReports(
  { device, records, receivedAt }: Received,
  { store, log }: JobsContext,
): Promise<readonly Change[]> {
  const reports = records.flatMap(reportIn);
  const rows = await ownCommands(store, device, new Set(reports.map((each) => each.command)));
  const changes: Change[] = [];
  for (const report of reports) {
    const row = rows.get(report.command);
    if (row === undefined) {
      log.debug("report of an unknown command", { device, command: report.command, phase: report.phase });
      continue;
    }
    const taken = take(row, report, receivedAt);
    if (taken.after.lateResult !== row.lateResult)
      log.warn("a command ended a second time, and otherwise", { device, command: row.id, state: row.state });
    changes.push(...taken.changes);
    rows.set(row.id, taken.after);
  }
  return [...changes, ...(await endedJobs(store, rows))];
}

/** One report: the next state; or evidence, when it comes after the end; or nothing but a sign of life. */
function take(row: Command, report: CommandReport, receivedAt: number) {
  const signal = judge(row.state, report);
  if (signal !== undefined) {
    const patch = signal === "lose" ? forgotten(report, receivedAt) : told(report);
    const after = { ...row, ...patch, state: command.life.next(row.state, signal), version: row.version + 1 };
    return { after, changes: [moved(command, row, signal, patch), renewed(after, receivedAt)] };
  }
  const lateResult = evidence(row, report, receivedAt);
  if (lateResult === undefined) return { after: row, changes: [renewed(row, receivedAt)] };
  const after = { ...row, lateResult, version: row.version + 1 };
  return { after, changes: [updated(command, row, { lateResult }, "late")] };
}

/** The end of a command of which its device denies what it had told. Its times are those of another attempt. */
function forgotten(report: CommandReport, receivedAt: number): Partial<Command> {
  const words = [report.reason, report.detail].filter((each) => each !== "").join(": ");
  return {
    reason: "device-restored",
    detail: cutText(`it had begun, and the device says now that it never did (${words})`),
    finishedAt: receivedAt,
  };
}

/** What commands write, kept in order and each byte once; of each command up to a limit. */
export async function receiveOutput({ device, records }: Received, { store }: JobsContext): Promise<readonly Change[]> {
  const outputs = records.flatMap(({ body, commandOutput }) => (body === "commandOutput" ? [commandOutput] : []));
  const rows = await ownCommands(store, device, new Set(outputs.map((each) => each.command)));
  return [...rows.values()].flatMap((row) => {
    let { outputBytes } = row;
    const wanted = outputs.filter(({ command: id, offset, content }) => {
      const end = offset + content.length;
      const isNext = id === row.id && offset >= outputBytes && end > offset && end <= KEPT_OUTPUT_BYTES;
      if (isNext) outputBytes = end;
      return isNext;
    });
    return [
      ...wanted.map(keptOutput),
      ...(outputBytes > row.outputBytes ? [updated(command, row, { outputBytes })] : []),
    ];
  });
}

/** The commands with these ids that are the device's own: it may not speak of another's. */
async function ownCommands(store: Store, device: string, ids: ReadonlySet<string>): Promise<Map<string, Command>> {
  const rows = await Promise.all([...ids].map((id) => store.get(command, id)));
  return new Map(rows.flatMap((row) => (row?.device === device ? [[row.id, row] as const] : [])));
}
