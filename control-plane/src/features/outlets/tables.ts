import { table } from "../../platform/resource.ts";

/** Up to where an outlet has sent what arrived. */
export const positions = table<{
  /** The outlet. */
  readonly id: string;
  /** Absent before the first arrival: then what arrived since `sentUpTo` goes out. */
  readonly position?: string;
  /** When what was sent last had arrived. */
  readonly sentUpTo: number;
}>("outletposition");
