import { useDeviceNames } from "../data/device-names.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { InstanceTable } from "../parts/instance-table.tsx";
import { Pager } from "../parts/pager.tsx";

/** Data in the places where it is used. */
export function DataInstances() {
  const paging = usePaging("");
  const nameOf = useDeviceNames();
  const instances = useRead("diml/dml/do/datainstance/list", {
    limit: 50,
    ...(paging.cursor !== undefined && { cursor: paging.cursor }),
  });
  return (
    <Answer of={instances} lines={6}>
      {({ items, next, total }) =>
        items.length === 0 ? (
          <Empty title="No data is in use yet">A satisfied data request has an instance for each piece of data.</Empty>
        ) : (
          <>
            <InstanceTable instances={items} nameOf={nameOf} />
            <Pager paging={paging} next={next} shown={items.length} total={total} noun="instance" />
          </>
        )
      }
    </Answer>
  );
}
