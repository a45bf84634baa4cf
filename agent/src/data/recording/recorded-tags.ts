import type { RecordingPlan } from "./plan.ts";
import { segmentNamed, tagsOfSegment } from "./segment-name.ts";

/** What is said of a file that a source recorded; nothing of one that others put there. */
export function tagsOfRecorded(_plan: RecordingPlan, name: string): Readonly<Record<string, string>> {
  const segment = segmentNamed(name);
  return segment === undefined ? {} : tagsOfSegment(segment);
}
