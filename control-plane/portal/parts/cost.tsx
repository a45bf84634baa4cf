import type { Output } from "../../src/faces/client.ts";
import { bytes, duration } from "../data/format.ts";

type CostOf = NonNullable<Output<"diml/dml/do/datarequest/find">["cost"]>;

/** What moving data takes; what it costs only where it has a price. */
export const Cost = ({ of: cost }: { readonly of: CostOf }) => (
  <>
    {bytes(cost.bytes)}
    {cost.readBytes !== undefined && ` now, ${bytes(cost.readBytes)} as it is read`}
    {cost.milliseconds >= 1_000 && `, about ${duration(cost.milliseconds)}`}
    {cost.money > 0 && `, ${cost.money.toFixed(2)} in money`}
  </>
);
