import { table } from "../../platform/resource.ts";

/** Of which alert a file is evidence, where that does not follow from its policy and its device. Until it is data, and says so itself. */
interface EvidenceFile {
  /** The file. */
  readonly id: string;
  readonly alert: string;
}
export const evidenceFiles = table<EvidenceFile>("evidencefile");

/** For which alert of a group a rollout has devices send files. */
interface EvidenceRollout {
  /** The rollout. */
  readonly id: string;
  readonly alert: string;
  readonly at: number;
}
export const evidenceRollouts = table<EvidenceRollout>("evidencerollout", { age: ({ at }) => [[at]] });
