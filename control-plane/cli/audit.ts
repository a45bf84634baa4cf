import type { Output } from "../src/faces/client.ts";
import { exitCodes } from "./failure.ts";
import type { Session } from "./session.ts";

type Report = Output<"ia/audit/verify">;

/** Checks the audit log part by part, tells how far it is, and shows what was found in all of it; exit code 1 when it is not whole. */
export async function verifyAudit(input: object, { client, output, say }: Session): Promise<number> {
  const parts: Report[] = [];
  let after: number | undefined;
  do {
    const part = await client.call("ia/audit/verify", { ...input, ...(after !== undefined && { after }) });
    parts.push(part);
    after = part.next;
    if (after !== undefined) say(`${part.checked} of ${part.entries} entries checked`);
  } while (after !== undefined);
  const sum = (field: "heads" | "compared" | "witnesses") => parts.reduce((total, each) => total + each[field], 0);
  const faults = parts.flatMap((each) => each.faults);
  const { checked = 0, entries = 0 } = parts.at(-1) ?? {};
  const whole = faults.length === 0;
  const sums = { heads: sum("heads"), compared: sum("compared"), witnesses: sum("witnesses") };
  output.show("ia/audit/verify", { whole, checked, entries, ...sums, faults });
  return whole ? exitCodes.done : exitCodes.failed;
}

/** Writes the audit log as lines of JSON, whatever the format: each an entry, or a signed head of those before it. */
export async function exportAudit(input: object, { client, output }: Session): Promise<number> {
  let after: number | undefined;
  do {
    const part = await client.call("ia/audit/export", { ...input, ...(after !== undefined && { after }) });
    for (const entry of part.entries) output.raw(`${JSON.stringify({ entry })}\n`);
    for (const head of part.heads) output.raw(`${JSON.stringify({ head })}\n`);
    after = part.next;
  } while (after !== undefined);
  return exitCodes.done;
}
