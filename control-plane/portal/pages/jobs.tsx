import { useDeviceNames } from "../data/device-names.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "../parts/answer.tsx";
import { JobApproval } from "../parts/job-approval.tsx";
import { JobTable } from "../parts/job-table.tsx";
import { Page } from "../parts/page.tsx";
import { Pager } from "../parts/pager.tsx";

/** All that devices were asked to do. */
export function Jobs() {
  const paging = usePaging("");
  const jobs = useRead(
    "cpl/dm/job/list",
    { limit: 50, ...(paging.cursor !== undefined && { cursor: paging.cursor }) },
    { keepPrevious: true },
  );
  const nameOf = useDeviceNames();
  const awaiting = useRead("cpl/dm/job/awaiting", { limit: 20 });
  return (
    <Page title="Jobs">
      {awaiting.data?.items.map((job) => (
        <JobApproval key={job.id} job={job} />
      ))}
      <Answer of={jobs} lines={8}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title="There is no job yet">Open a device and run a command under “Commands”.</Empty>
          ) : (
            <>
              <JobTable jobs={items} caption="Jobs, newest first" nameOf={nameOf} />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="job" />
            </>
          )
        }
      </Answer>
    </Page>
  );
}
