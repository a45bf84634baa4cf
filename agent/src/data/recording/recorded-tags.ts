import type { RecordingPlan } from "./plan.ts";
import { segmentNamed, tagsOfSegment } from "./segment-name.ts";
import { snapshotNamed, tagsOfSnapshot } from "./snapshot-name.ts";

/** What is said of a file that a source recorded; nothing of one that others put there. */
export function tagsOfRecorded(plan: RecordingPlan, name: string): Readonly<Record<string, string>> {
  if (plan.kind === "stream") {
    const segment = segmentNamed(name);
    return segment === undefined ? {} : tagsOfSegment(segment);
  }
  const snapshot = snapshotNamed(name, plan.database);
  return snapshot === undefined ? {} : tagsOfSnapshot(snapshot, plan.database);
}
