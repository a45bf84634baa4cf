import { table } from "../../platform/resource.ts";

/** Of which alert a file is evidence, where that does not follow from its policy and its device. Until it is data, and says so itself. */
interface EvidenceFile {
  /** The file. */
  readonly id: string;
  readonly alert: string;
}
export const evidenceFiles = table<EvidenceFile>("evidencefile");
