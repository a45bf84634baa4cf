import type { OutputOf } from "../../platform/action.ts";
import type { StreamAccount } from "../../platform/device-link.ts";
import type { accountForRecords } from "./contract.ts";

type Accounting = OutputOf<typeof accountForRecords>;

/** The books of one stream, beside what the device last said of it: the number of its next record. */
export function statementOf(
  { stream, upTo, received, explained }: StreamAccount,
  next: number | undefined,
): Accounting["streams"][number] {
  const lost = Object.values(explained).reduce((sum, each) => sum + each, 0);
  const produced = next === undefined ? undefined : Math.max(next - 1, upTo);
  return {
    stream,
    ...(produced !== undefined && { produced }),
    acknowledged: upTo,
    received,
    explained: lost,
    missing: upTo - received - lost,
    ...(produced !== undefined && { waiting: produced - upTo }),
  };
}

export const lossesOf = (accounts: readonly StreamAccount[]): Accounting["losses"] =>
  accounts.flatMap(({ stream, explained }) =>
    Object.entries(explained).map(([reason, records]) => ({ stream, reason, records })),
  );
