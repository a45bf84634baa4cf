import { Anchor } from "@mantine/core";
import { Link, useParams } from "wouter";
import { useDeviceNames } from "../data/device-names.ts";
import { useRead } from "../data/queries.ts";
import { Answer } from "../parts/answer.tsx";
import { JobView } from "../parts/job-view.tsx";
import { Page } from "../parts/page.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";

/** One job. */
export function Job() {
  const { job: id = "" } = useParams();
  const found = useRead("cpl/dm/job/find", { job: id });
  const nameOf = useDeviceNames();
  return (
    <Answer of={found} lines={8}>
      {({ job }) => (
        <Page title={job.kind} trail={[{ label: "Jobs", to: "/jobs" }]} badge={<State state={job.state} />}>
          <p className="quiet">
            On{" "}
            {job.devices.map((device, place) => (
              <span key={device}>
                {place > 0 && ", "}
                <Anchor component={Link} href={`/devices/${encodeURIComponent(device)}/commands`} size="sm">
                  <Plain text={nameOf(device)} />
                </Anchor>
              </span>
            ))}
          </p>
          <JobView id={id} isOwnPage />
        </Page>
      )}
    </Answer>
  );
}
