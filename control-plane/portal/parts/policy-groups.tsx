import { Anchor } from "@mantine/core";
import { useState } from "react";
import { alertLink } from "../data/alerts.ts";
import { visible } from "../data/hostile-text.ts";
import { useRead } from "../data/queries.ts";
import { Answer, Empty } from "./answer.tsx";
import { DataTable } from "./data-table.tsx";
import { Plain } from "./plain.tsx";
import { State } from "./state.tsx";
import { WhyOnGroup } from "./why-on-group.tsx";

const WORDS = { met: "holds", unmet: "does not hold", unknown: "not known" } as const;

/** The groups that a policy is about, and what it says of each now; of one of them why. */
export function PolicyGroups({ policy }: { readonly policy: string }) {
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const found = useRead("sa/pe/policy/groups", { policy, limit: 100 }, { every: 10_000 });
  return (
    <Answer of={found}>
      {({ groups, count, isWhole }) =>
        groups.length === 0 ? (
          <Empty title={isWhole ? "No device is in a group of it" : "The devices are being looked at"} />
        ) : (
          <>
            <DataTable
              caption={count > groups.length ? `The first ${groups.length} of ${count} groups` : "Groups, by name"}
              rows={groups}
              keyOf={({ group }) => group}
              linkOf={({ group, state }) => (state === undefined ? undefined : alertLink({ group, policy }))}
              columns={[
                { title: "Group", cell: ({ group }) => <Plain text={group} /> },
                { title: "Devices", align: "right", cell: ({ devices }) => devices },
                {
                  title: "Condition",
                  cell: ({ group, verdict }) => (
                    <>
                      {WORDS[verdict as keyof typeof WORDS]}{" "}
                      <Anchor
                        component="button"
                        type="button"
                        size="sm"
                        aria-label={`Why? Explain ${visible(group)}`}
                        onClick={() => setAsked(group)}
                      >
                        Why?
                      </Anchor>
                    </>
                  ),
                },
                { title: "Alert", cell: ({ state }) => <State state={state ?? "none"} /> },
              ]}
            />
            {asked !== undefined && <WhyOnGroup policy={policy} group={asked} />}
          </>
        )
      }
    </Answer>
  );
}
