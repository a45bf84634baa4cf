import { Anchor, SegmentedControl, Stack } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { Output } from "../../src/faces/client.ts";
import { usePaging } from "../data/paging.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Instant } from "./instant.tsx";
import { Pager } from "./pager.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";

const STATES = ["all", "queued", "waiting", "active", "succeeded", "failed", "skipped", "cancelled"] as const;
type Target = Output<"cpl/dm/rollout/targets">["items"][number];

/** The devices of a rollout, and why each is where it is. */
export function RolloutTargets({ rollout }: { readonly rollout: string }) {
  const [state, setState] = useState<(typeof STATES)[number]>("all");
  const paging = usePaging(`${rollout} ${state}`);
  const targets = useRead(
    "cpl/dm/rollout/targets",
    {
      rollout,
      limit: 50,
      ...(state !== "all" && { state }),
      ...(paging.cursor !== undefined && { cursor: paging.cursor }),
    },
    { keepPrevious: true },
  );
  return (
    <Stack gap="sm">
      <div className="table-scroll">
        <SegmentedControl
          size="xs"
          aria-label="Only devices that are"
          data={[...STATES]}
          value={state}
          onChange={(next) => setState(next)}
        />
      </div>
      <Answer of={targets} lines={6}>
        {({ items, next, total }) =>
          items.length === 0 ? (
            <Empty title={state === "all" ? "There is no device yet" : `No device is ${state}`} />
          ) : (
            <>
              <DataTable
                caption="Devices of the rollout"
                rows={items}
                keyOf={({ target }) => target.id}
                linkOf={({ target }) => `/devices/${encodeURIComponent(target.device)}/commands`}
                columns={[
                  { title: "Device", cell: ({ name }) => <Plain text={name} /> },
                  { title: "Wave", align: "right", isMinor: "slightly", cell: ({ target }) => target.wave + 1 },
                  { title: "State", cell: ({ target }) => <State state={target.state} /> },
                  { title: "Why", cell: (each) => <Why of={each} /> },
                  {
                    title: "Job",
                    isMinor: true,
                    cell: ({ target }) =>
                      target.job === undefined ? (
                        "none"
                      ) : (
                        <Anchor component={Link} href={`/jobs/${encodeURIComponent(target.job)}`} size="sm">
                          Newest try
                        </Anchor>
                      ),
                  },
                ]}
              />
              <Pager paging={paging} next={next} shown={items.length} total={total} noun="device" />
            </>
          )
        }
      </Answer>
    </Stack>
  );
}

const Why = ({ of: { target, text } }: { readonly of: Target }) => (
  <>
    <Plain text={[text || target.reason, target.detail].filter(Boolean).join(": ")} />
    {target.state === "waiting" && (
      <>
        {" "}
        (looked at again <Instant at={target.notBefore} />)
      </>
    )}
  </>
);
