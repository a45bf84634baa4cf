import { gauge, type Family } from "../../platform/figures.ts";
import { alert } from "./alert-contract.ts";
import type { PoliciesContext } from "./context.ts";

/** Alerts by state and severity, and what watching costs. */
export async function policyFigures({ store, watch }: PoliciesContext): Promise<readonly Family[]> {
  const counts = new Map<string, number>();
  for await (const { state, severity } of store.scan(alert, { index: "open" })) {
    const key = `${state} ${severity}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const samples = [...counts].map(([key, count]): [Record<string, string>, number] => {
    const [state = "", severity = ""] = key.split(" ");
    return [{ state, severity }, count];
  });
  return [
    gauge({ name: "edgemere_alerts", help: "Alerts that are not over, by state and severity" }, samples),
    watch.evaluated.figure(),
    watch.asked.figure(),
    watch.refused.figure(),
  ];
}
