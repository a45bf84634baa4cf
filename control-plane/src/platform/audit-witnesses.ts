import type { ChainPlace } from "./audit.ts";
import { table } from "./resource.ts";

/** The newest head that a device has kept and countersigned: it remembers what a forger of the store cannot reach. */
export interface AuditWitness extends ChainPlace {
  /** The device. */
  readonly id: string;
  readonly generation: number;
  /** When the head was made. */
  readonly at: number;
  /** The log told another past when the device said so: kept, whatever it countersigns later. */
  readonly isContradicted?: true;
}

export const auditWitnesses = table<AuditWitness>("auditwitness");
