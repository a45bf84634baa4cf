import type { Clock } from "@edgemere/protocol/kit";
import type { Host } from "../host/host.ts";
import type { Answer, ExtraSource } from "./extra-sources.ts";
import { MetricsReader } from "./metrics-source.ts";
import { within } from "./within.ts";

const LONGEST_OUTPUT = 64 * 1024;

/** A program of this host that prints metrics. Durations are milliseconds. */
export interface ScriptPlan {
  readonly name: string;
  readonly every: number;
  readonly argv: readonly [string, ...string[]];
  /** How long it may run. */
  readonly within: number;
}

/** Runs the program at each time, as the agent's own user, without a shell, and reads what it prints. */
export function script(plan: ScriptPlan, host: Pick<Host, "run">, clock: Clock): ExtraSource {
  const { name, every, argv } = plan;
  const reader = new MetricsReader({ source: name, allow: ["*"], clock });

  const read = async (signal: AbortSignal): Promise<Answer> => {
    const chunks: Uint8Array[] = [];
    let isLate = false;
    const run = (deadline: AbortSignal) => {
      deadline.addEventListener("abort", () => (isLate = true));
      const onOutput = (channel: string, bytes: Uint8Array) =>
        void (channel === "stdout" && chunks.push(Buffer.from(bytes)));
      return host.run({ argv, maxOutputBytes: LONGEST_OUTPUT, mark: `source-${name}`, onOutput, signal: deadline });
    };
    const { exitCode, endedBySignal, droppedBytes } = await within(plan.within, run, { clock, signal });
    // What was cut somewhere may say something else than it was meant to.
    if (isLate) return refused("too-slow", `it ran longer than ${plan.within} ms`);
    if (exitCode !== 0) return refused("exit-code", `it ended with ${endedBySignal ?? `exit code ${exitCode ?? "?"}`}`);
    if (droppedBytes > 0) return refused("too-long", `it printed more than ${LONGEST_OUTPUT} bytes`);
    return reader.read(Buffer.concat(chunks).toString("utf8"));
  };
  return { name, every, read };
}

const refused = (reason: string, detail: string): Answer => ({ readings: [], refusals: [{ reason, detail }] });
